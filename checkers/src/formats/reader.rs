//! EDN and JSON as a stream of forms: one parser, because JSON is almost EDN.
//!
//! Nothing is held but the form being read, and no depth of nesting overflows a stack. In JSON,
//! colons and commas are only looked at as separators; what stands between is the same.

use super::FormatError;
use std::fmt;
use std::io::BufRead;

/// One value of EDN or JSON.
#[derive(Clone, Debug, PartialEq)]
pub enum Form {
    /// `nil`, `null`.
    Nil,
    /// `true`, `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number, as it was written.
    Number(String),
    /// A string.
    Text(String),
    /// A keyword without its colon, or a symbol.
    Name(String),
    /// A vector, list, set or array.
    List(Vec<Form>),
    /// A map or object, in its order.
    Map(Vec<(Form, Form)>),
}

impl Form {
    /// The value at a key of a map, whether the key is a keyword or a string.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Map(entries) = self else {
            return None;
        };
        let is_it = |(name, _): &&(Self, Self)| name.name() == Some(key);
        entries.iter().find(is_it).map(|(_, value)| value)
    }

    /// A keyword's, symbol's or string's text.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) | Self::Text(name) => Some(name),
            _ => None,
        }
    }

    /// A whole number.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The items of a list.
    pub fn items(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) => Some(items),
            _ => None,
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("nil"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Integer(value) => write!(f, "{value}"),
            Self::Number(text) | Self::Name(text) => f.write_str(text),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(items) => {
                f.write_str("[")?;
                for (place, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if place > 0 { " " } else { "" })?;
                }
                f.write_str("]")
            }
            Self::Map(entries) => {
                f.write_str("{")?;
                for (place, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key} {value}", if place > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
        }
    }
}

/// Nesting beyond this is an error: no history has it.
const DEPTH_MAX: usize = 64;
/// A string or a number longer than this is an error.
const TOKEN_BYTES_MAX: usize = 16 << 20;

/// Reads forms one by one; those inside one outermost vector, list or array count as outermost.
pub struct Forms<R> {
    input: R,
    is_json: bool,
    line: u64,
    column: u64,
    outer: Option<u8>,
    began: bool,
    /// Was the last form read to its end?
    is_between: bool,
    /// Where the last form begins.
    begin_column: u64,
}

/// A list or map that is being read.
struct Open {
    close: u8,
    is_map: bool,
    items: Vec<Form>,
    /// A discarded form: `#_`.
    discard: bool,
}

impl<R: BufRead> Forms<R> {
    /// Forms of an input; in JSON, colons separate.
    pub fn new(input: R, is_json: bool) -> Self {
        Self {
            input,
            is_json,
            line: 1,
            column: 1,
            outer: None,
            began: false,
            is_between: true,
            begin_column: 1,
        }
    }

    /// The line at which the reader stands.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The column at which the last outermost form begins.
    pub fn begin_column(&self) -> u64 {
        self.begin_column
    }

    fn error(&self, words: impl Into<String>) -> FormatError {
        FormatError::new(self.line, self.column, words)
    }

    fn peek(&mut self) -> Result<Option<u8>, FormatError> {
        loop {
            return match self.input.fill_buf() {
                Ok(buffer) => Ok(buffer.first().copied()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let words = format!("the input cannot be read: {error}");
                    Err(FormatError::new(self.line, self.column, words))
                }
            };
        }
    }

    fn bump(&mut self, byte: u8) {
        self.input.consume(1);
        if byte == b'\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
    }

    fn next_byte(&mut self) -> Result<Option<u8>, FormatError> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.bump(byte);
        }
        Ok(byte)
    }

    fn skip_space(&mut self) -> Result<Option<u8>, FormatError> {
        while let Some(byte) = self.peek()? {
            match byte {
                b';' if !self.is_json => self.skip_line()?,
                b':' if self.is_json => self.bump(byte),
                b',' => self.bump(byte),
                _ if byte.is_ascii_whitespace() => self.bump(byte),
                _ => return Ok(Some(byte)),
            }
        }
        Ok(None)
    }

    /// Leaves a malformed operation behind: goes on at the next line, unless the whole form was read
    /// and only its meaning was wrong.
    pub fn skip_malformed(&mut self) -> Result<(), FormatError> {
        if self.is_between {
            return Ok(());
        }
        self.skip_line()
    }

    fn skip_line(&mut self) -> Result<(), FormatError> {
        while let Some(byte) = self.next_byte()? {
            if byte == b'\n' {
                break;
            }
        }
        Ok(())
    }

    /// The next outermost form, with the line on which it begins; none at the end.
    pub fn next_form(&mut self) -> Result<Option<(u64, Form)>, FormatError> {
        self.is_between = false;
        let form = self.outermost()?;
        self.is_between = true;
        Ok(form)
    }

    fn outermost(&mut self) -> Result<Option<(u64, Form)>, FormatError> {
        loop {
            let Some(byte) = self.skip_space()? else {
                return match self.outer.take() {
                    Some(close) => {
                        let close = char::from(close);
                        Err(self.error(format!("the input ends before its closing `{close}`")))
                    }
                    None => Ok(None),
                };
            };
            if !self.began && (byte == b'[' || byte == b'(') {
                self.bump(byte);
                self.outer = Some(if byte == b'[' { b']' } else { b')' });
                self.began = true;
                continue;
            }
            self.began = true;
            if self.outer == Some(byte) {
                self.bump(byte);
                self.outer = None;
                continue;
            }
            let line = self.line;
            self.begin_column = self.column;
            if let Some(form) = self.form()? {
                return Ok(Some((line, form)));
            }
        }
    }

    /// One form with everything in it; none for a discarded one at the end of a list.
    fn form(&mut self) -> Result<Option<Form>, FormatError> {
        let mut open: Vec<Open> = Vec::new();
        let mut discard = false;
        loop {
            let Some(byte) = self.skip_space()? else {
                return Err(self.error("the input ends in the middle of a value"));
            };
            let mut done = match byte {
                b'[' | b'(' | b'{' => {
                    self.open(byte, false, &mut discard, &mut open)?;
                    continue;
                }
                b']' | b')' | b'}' => {
                    self.bump(byte);
                    let Some(list) = open.pop().filter(|list| list.close == byte) else {
                        let byte = char::from(byte);
                        return Err(self.error(format!("`{byte}` closes nothing that is open")));
                    };
                    discard = list.discard;
                    self.close(list)?
                }
                b'#' if !self.is_json => {
                    self.bump(byte);
                    match self.peek()? {
                        Some(b'{') => self.open(b'{', true, &mut discard, &mut open)?,
                        Some(b'_') => {
                            self.bump(b'_');
                            discard = true;
                        }
                        // A tag says what a value is; the value alone is enough here.
                        _ => {
                            self.token()?;
                        }
                    }
                    continue;
                }
                b'"' => Form::Text(self.string()?),
                _ => self.scalar()?,
            };
            if std::mem::take(&mut discard) {
                if open.is_empty() {
                    return Ok(None);
                }
                continue;
            }
            match open.last_mut() {
                Some(list) => list.items.push(std::mem::replace(&mut done, Form::Nil)),
                None => return Ok(Some(done)),
            }
        }
    }

    fn open(
        &mut self,
        byte: u8,
        is_set: bool,
        discard: &mut bool,
        open: &mut Vec<Open>,
    ) -> Result<(), FormatError> {
        self.bump(byte);
        if open.len() == DEPTH_MAX {
            return Err(self.error(format!("more than {DEPTH_MAX} lists and maps are open")));
        }
        let close = match byte {
            b'[' => b']',
            b'(' => b')',
            _ => b'}',
        };
        let is_map = byte == b'{' && !is_set;
        open.push(Open {
            close,
            is_map,
            items: Vec::new(),
            discard: std::mem::take(discard),
        });
        Ok(())
    }

    fn close(&self, list: Open) -> Result<Form, FormatError> {
        if !list.is_map {
            return Ok(Form::List(list.items));
        }
        if !list.items.len().is_multiple_of(2) {
            return Err(self.error("a map has a key without a value"));
        }
        let mut entries = Vec::with_capacity(list.items.len() / 2);
        let mut items = list.items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            entries.push((key, value));
        }
        Ok(Form::Map(entries))
    }

    /// Bytes up to a separator.
    fn token(&mut self) -> Result<String, FormatError> {
        let mut token = Vec::new();
        while let Some(byte) = self.peek()? {
            let ends = byte.is_ascii_whitespace() || b",[](){}\";".contains(&byte);
            if ends || (self.is_json && byte == b':') {
                break;
            }
            if token.len() == TOKEN_BYTES_MAX {
                return Err(self.error("a name or number is too long"));
            }
            token.push(byte);
            self.bump(byte);
        }
        String::from_utf8(token).map_err(|_| self.error("a name is not UTF-8"))
    }

    fn scalar(&mut self) -> Result<Form, FormatError> {
        let (line, column) = (self.line, self.column);
        let token = self.token()?;
        let error = |words: String| FormatError::new(line, column, words);
        let first = match token.bytes().next() {
            Some(first) => first,
            None => {
                let byte = self.next_byte()?.map_or(' ', char::from);
                return Err(error(format!("`{byte}` begins no value")));
            }
        };
        let is_number = first.is_ascii_digit()
            || (b"+-".contains(&first) && token.as_bytes().get(1).is_some_and(u8::is_ascii_digit));
        if is_number {
            let digits = token.strip_suffix(['N', 'M']).unwrap_or(&token);
            return Ok(match digits.parse() {
                Ok(value) => Form::Integer(value),
                Err(_) => Form::Number(token),
            });
        }
        match token.as_str() {
            "nil" | "null" => Ok(Form::Nil),
            "true" => Ok(Form::Boolean(true)),
            "false" => Ok(Form::Boolean(false)),
            _ if self.is_json => Err(error(format!("`{token}` is no JSON value; quote it"))),
            _ => Ok(Form::Name(token.trim_start_matches(':').to_owned())),
        }
    }

    fn string(&mut self) -> Result<String, FormatError> {
        let (line, column) = (self.line, self.column);
        self.bump(b'"');
        let mut text = Vec::new();
        loop {
            let Some(byte) = self.next_byte()? else {
                return Err(FormatError::new(line, column, "this string has no end"));
            };
            match byte {
                b'"' => break,
                b'\\' => {
                    let character = self.escape()?;
                    text.extend(character.encode_utf8(&mut [0; 4]).bytes());
                }
                _ => text.push(byte),
            }
            if text.len() > TOKEN_BYTES_MAX {
                return Err(FormatError::new(line, column, "this string is too long"));
            }
        }
        String::from_utf8(text).map_err(|_| FormatError::new(line, column, "this is not UTF-8"))
    }

    fn escape(&mut self) -> Result<char, FormatError> {
        match self.next_byte()? {
            Some(b'n') => Ok('\n'),
            Some(b't') => Ok('\t'),
            Some(b'r') => Ok('\r'),
            Some(b'b') => Ok('\u{8}'),
            Some(b'f') => Ok('\u{c}'),
            Some(b'u') => {
                let high = self.hex()?;
                if !(0xd800..0xdc00).contains(&high) {
                    return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                let is_pair = self.next_byte()? == Some(b'\\') && self.next_byte()? == Some(b'u');
                let low = if is_pair { self.hex()? } else { 0 };
                let code = 0x10000 + ((high - 0xd800) << 10) + low.wrapping_sub(0xdc00);
                char::from_u32(code)
                    .filter(|_| (0xdc00..0xe000).contains(&low))
                    .ok_or_else(|| {
                        self.error("half a character: \\ud800 to \\udbff need the other half")
                    })
            }
            Some(byte @ (b'"' | b'\\' | b'/')) => Ok(char::from(byte)),
            _ => {
                Err(self.error("an escape that nobody knows; write \\n, \\t, \\\", \\\\, \\uXXXX"))
            }
        }
    }

    fn hex(&mut self) -> Result<u32, FormatError> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self
                .next_byte()?
                .and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| self.error("\\u needs four hex digits"))?;
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edn(text: &str) -> Result<Vec<String>, FormatError> {
        let mut forms = Forms::new(text.as_bytes(), false);
        let mut all = Vec::new();
        while let Some((_, form)) = forms.next_form()? {
            all.push(form.to_string());
        }
        Ok(all)
    }

    #[test]
    fn forms_come_one_by_one_from_lines_and_from_a_vector() {
        let lines = edn("{:a 1}\n; comment\n{:b [nil \"x\\n\"]}").expect("two maps");
        assert_eq!(lines, ["{a 1}", "{b [nil \"x\\n\"]}"]);
        assert_eq!(
            edn("[{:a 1} {:a 2}]").expect("two maps"),
            ["{a 1}", "{a 2}"]
        );
        assert_eq!(
            edn("({:a #{1 2}} #_{:a 2} #foo.Bar{:a -3})").expect("two"),
            ["{a [1 2]}", "{a -3}"]
        );
    }

    #[test]
    fn json_is_read_by_the_same_parser() {
        let text = r#"[{"a": [1, null, true], "b": "é😀"}]"#;
        let mut forms = Forms::new(text.as_bytes(), true);
        let (_, form) = forms.next_form().expect("well-formed").expect("one object");
        assert_eq!(
            form.get("a").map(ToString::to_string),
            Some("[1 nil true]".into())
        );
        assert_eq!(form.get("b").and_then(Form::name), Some("é😀"));
        assert_eq!(forms.next_form(), Ok(None));
    }

    #[test]
    fn errors_say_where() {
        let error = edn("{:a 1}\n{:a ]}").expect_err("a bracket closes nothing");
        assert_eq!((error.line, error.column), (2, 6));
        assert!(edn("{:a 1").is_err());
        assert!(edn("[{:a 1}").is_err());
        assert!(edn("{:a}").is_err());
        assert!(edn(&"[".repeat(100_000)).is_err());
    }
}
