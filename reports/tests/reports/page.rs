//! Reads a page the way a browser's parser does, strictly: tags that balance, attributes in quotes,
//! ids that are unique, links that lead somewhere.

use std::collections::BTreeSet;

/// What a page is made of.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Every start tag with its attributes.
    pub(crate) tags: Vec<(String, Vec<(String, String)>)>,
    /// The text between the tags of everything but styles and scripts.
    pub(crate) text: String,
}

const VOID: [&str; 2] = ["meta", "br"];
const RAW: [&str; 2] = ["style", "script"];

impl Page {
    /// Reads a page; panics with the place where it is not well formed.
    pub(crate) fn read(source: &str) -> Page {
        let mut page = Page::default();
        let mut open: Vec<String> = Vec::new();
        let mut rest = source
            .strip_prefix("<!DOCTYPE html>")
            .expect("a page says what it is");
        while let Some(start) = rest.find('<') {
            page.text.push_str(&rest[..start]);
            let end = start + tag_end(&rest[start..]);
            let tag = &rest[start + 1..end];
            rest = &rest[end + 1..];
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name), "before {rest:.80}");
                continue;
            }
            let (name, attributes) = attributes(tag);
            if RAW.contains(&name.as_str()) {
                let close = format!("</{name}>");
                let end = rest.find(&close).expect("a style or a script ends");
                rest = &rest[end + close.len()..];
            } else if !VOID.contains(&name.as_str()) {
                open.push(name.clone());
            }
            page.tags.push((name, attributes));
        }
        page.text.push_str(rest);
        assert!(open.is_empty(), "never closed: {open:?}");
        assert!(!page.text.contains('>'), "a tag's end without its start");
        page.check_links();
        page
    }

    /// All values of an attribute.
    pub(crate) fn values(&self, attribute: &str) -> Vec<&str> {
        let attributes = self.tags.iter().flat_map(|(_, attributes)| attributes);
        let named = attributes.filter(|(name, _)| name == attribute);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// How many start tags have a name.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.tags.iter().filter(|(tag, _)| tag == name).count()
    }

    fn check_links(&self) {
        let ids = self.values("id");
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "an id is there twice");
        for link in self.values("href") {
            let target = link.strip_prefix('#').expect("a page links only to itself");
            assert!(unique.contains(target), "{link} leads nowhere");
        }
    }
}

/// The index of the `>` that ends the tag at the start of `source`.
fn tag_end(source: &str) -> usize {
    let mut quoted = false;
    for (index, c) in source.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return index,
            _ => {}
        }
    }
    panic!("a tag never ends: {source:.80}");
}

fn attributes(tag: &str) -> (String, Vec<(String, String)>) {
    let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
    let is_plain = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-!".contains(c))
    };
    assert!(is_plain(name), "no name of a tag: {name:.80}");
    let mut attributes = Vec::new();
    while !rest.is_empty() {
        let end = rest.find(['=', ' ']).unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        assert!(is_plain(&name), "no name of an attribute: {name:.80}");
        rest = &rest[end..];
        let mut value = "";
        if let Some(quoted) = rest.strip_prefix("=\"") {
            let end = quoted.find('"').expect("a value ends with its quote");
            value = &quoted[..end];
            rest = &quoted[end + 1..];
        }
        attributes.push((name, value.to_owned()));
        rest = rest.strip_prefix(' ').unwrap_or(rest);
    }
    (name.to_owned(), attributes)
}
