//! primary_backup
