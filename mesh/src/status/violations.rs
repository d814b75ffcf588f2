use std::fmt::Display;

use super::{Code, Fault};

/// Collects every bad field of a request, so that one answer names them all.
///
/// ```
/// use tickmesh_mesh::status::Violations;
/// let mut violations = Violations::new();
/// let size = violations.take("page_size", "x".parse::<u32>());
/// violations.within("holdings[2]", |v| v.add("weight", "must be finite"));
/// assert_eq!(size, None);
/// assert!(violations.finish(()).is_err());
/// ```
///
/// The first ones are kept, up to 3 KiB of names and rules together, and the others counted: so the details, in base64,
/// fit into the 8 KiB of trailers that every client of gRPC takes.
#[derive(Debug, Default)]
pub struct Violations {
    path: String,
    found: Vec<(String, String)>,
    /// Bytes of what was found.
    bytes: usize,
    /// How many more than the kept ones there are.
    more: usize,
}

/// As many bytes of bad fields and their rules as one answer has room for.
const MOST_BYTES: usize = 3 << 10;
/// The longest name or rule that is repeated whole.
const LONGEST: usize = 1_000;
/// What protobuf adds to each of them.
const FRAME_BYTES: usize = 8;

impl Violations {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that `field` breaks `rule`; an empty name means the thing itself that [`within`](Self::within) names.
    pub fn add(&mut self, field: &str, rule: impl Display) {
        // Once some are only counted, all that follow are.
        if self.more > 0 {
            self.more += 1;
            return;
        }
        let (field, rule) = (cut(join(&self.path, field)), cut(rule.to_string()));
        let bytes = self.bytes + field.len() + rule.len() + FRAME_BYTES;
        if self.found.is_empty() || bytes <= MOST_BYTES {
            self.bytes = bytes;
            self.found.push((field, rule));
        } else {
            self.more += 1;
        }
    }

    /// The value, or `None` with the error noted as a broken rule of `field`.
    pub fn take<T, E: Display>(&mut self, field: &str, result: Result<T, E>) -> Option<T> {
        result.map_err(|rule| self.add(field, rule)).ok()
    }

    /// Looks inside `field`: names noted by `look` are prefixed by it.
    pub fn within<R>(&mut self, field: &str, look: impl FnOnce(&mut Self) -> R) -> R {
        let outer = self.path.len();
        extend(&mut self.path, field);
        let result = look(self);
        self.path.truncate(outer);
        result
    }

    /// Adds all that others have found, under the names that `name` makes of theirs.
    pub fn append(&mut self, others: Self, name: impl Fn(&str) -> String) {
        for (field, rule) in others.found {
            self.add(&name(&field), rule);
        }
        self.more += others.more;
    }

    /// True while nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What was found: field and rule.
    pub fn iter(&self) -> std::slice::Iter<'_, (String, String)> {
        self.found.iter()
    }

    /// The value if nothing was found, else INVALID_ARGUMENT that names every field.
    ///
    /// # Errors
    /// If anything was found.
    pub fn finish<T>(self, value: T) -> Result<T, Fault> {
        if self.found.is_empty() { Ok(value) } else { Err(self.into_fault()) }
    }

    /// The value if nothing was found and there is one: for values whose parts were [taken](Self::take).
    ///
    /// # Errors
    /// If anything was found.
    ///
    /// # Panics
    /// If nothing was found and there is no value either: then a part is missing without a rule.
    pub fn finish_some<T>(self, value: Option<T>) -> Result<T, Fault> {
        self.finish(value).map(|value| value.expect("a part is missing only if its rule was noted"))
    }

    fn into_fault(self) -> Fault {
        let (field, rule) = &self.found[0];
        let more = self.found.len() - 1 + self.more;
        let tail = if more == 0 { String::new() } else { format!(" (and {more} more)") };
        let message = format!("{field} {rule}{tail}");
        self.found.iter().fold(Fault::new(Code::InvalidArgument, "BAD_REQUEST", message), |fault, (field, rule)| {
            fault.field(field, rule)
        })
    }
}

/// Names are the client's own where it made them up.
fn cut(mut text: String) -> String {
    if text.len() > LONGEST {
        text.truncate(text.floor_char_boundary(LONGEST));
        text.push('…');
    }
    text
}

fn join(path: &str, field: &str) -> String {
    let mut joined = path.to_owned();
    extend(&mut joined, field);
    joined
}

/// `a` and `b` make `a.b`, `a` and `[0]` make `a[0]`.
fn extend(path: &mut String, field: &str) {
    if !(path.is_empty() || field.is_empty() || field.starts_with('[')) {
        path.push('.');
    }
    path.push_str(field);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_field_by_its_path() {
        let mut violations = Violations::new();
        violations.add("symbol", "must be given");
        violations.within("bars", |v| v.within("[3]", |v| v.add("close", "must be > 0")));
        let fields: Vec<_> = violations.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["symbol", "bars[3].close"]);
        let fault = violations.finish(()).unwrap_err();
        assert_eq!(fault.code(), Code::InvalidArgument);
        assert_eq!(fault.violations().len(), 2);
    }

    #[test]
    fn counts_what_it_does_not_name() {
        let mut violations = Violations::new();
        (0..1_000).for_each(|place| violations.add(&format!("symbols[{place}]"), "must be a symbol"));
        let fault = violations.finish(()).unwrap_err();
        let bytes: usize = fault.violations().iter().map(|(field, rule)| field.len() + rule.len()).sum();
        assert!((2_000..=MOST_BYTES).contains(&bytes), "{bytes}");
        assert_eq!(fault.message(), "symbols[0] must be a symbol (and 999 more)");
    }

    #[test]
    fn others_are_added_and_counted() {
        let mut others = Violations::new();
        (0..1_000).for_each(|place| others.add(&format!("[{place}]"), "must be given once"));
        let mut violations = Violations::new();
        violations.append(others, |path| format!("symbols{path}"));
        let message = violations.finish(()).unwrap_err().message().to_owned();
        assert_eq!(message, "symbols[0] must be given once (and 999 more)");
    }

    /// A step inside costs as much as its own name, and not as the whole path: this would copy 1 TB.
    #[test]
    fn a_long_path_makes_no_step_longer() {
        let mut violations = Violations::new();
        violations.within(&"a".repeat(1_000_000), |violations| {
            for _ in 0..1_000_000 {
                violations.within("[0]", |violations| violations.add("", "must be given once"));
            }
        });
        assert_eq!(violations.found.len() + violations.more, 1_000_000);
    }

    #[test]
    fn repeats_no_name_of_any_length() {
        let mut violations = Violations::new();
        violations.add(&"é".repeat(1_000_000), "is unknown");
        let fault = violations.finish(()).unwrap_err();
        assert_eq!(fault.violations()[0].0.len(), LONGEST + '…'.len_utf8());
    }
}
