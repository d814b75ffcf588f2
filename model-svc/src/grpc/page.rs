use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use prost::Message;
use sha2::{Digest as _, Sha256};
use tickmesh_mesh::status::Violations;

const DEFAULT: usize = 100;
const MAX: i32 = 1_000;

/// A page that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PageRequest {
    /// The most items.
    pub(super) size: usize,
    /// The last item of the page before, by its key.
    pub(super) after: Option<String>,
    fingerprint: [u8; 8],
}

impl PageRequest {
    /// Checks `page_size` and `page_token`. `rest` is the request without both: a token is good for it alone.
    pub(super) fn parse(size: i32, token: &str, rest: &impl Message, violations: &mut Violations) -> Self {
        let fingerprint = fingerprint(rest);
        let after = (!token.is_empty()).then(|| open(token, fingerprint));
        let after = after.and_then(|after| {
            violations.take("page_token", after.ok_or("must be the next_page_token of the same request's page before"))
        });
        let size = match size {
            0 => DEFAULT,
            1.. => size.min(MAX) as usize,
            _ => {
                violations.add("page_size", "must not be negative");
                DEFAULT
            }
        };
        Self { size, after, fingerprint }
    }

    /// One more than the page has, to see whether there is a next one.
    pub(super) fn one_more(&self) -> usize {
        self.size + 1
    }

    /// Cuts what was read by [`one_more`](Self::one_more) to the page; the token of the next one, empty on the last.
    pub(super) fn cut<T>(&self, items: &mut Vec<T>, key: impl Fn(&T) -> String) -> String {
        let more = items.len() > self.size;
        items.truncate(self.size);
        items.last().filter(|_| more).map_or_else(String::new, |last| seal(self.fingerprint, &key(last)))
    }
}

fn fingerprint(rest: &impl Message) -> [u8; 8] {
    let digest = Sha256::digest(rest.encode_to_vec());
    *digest.first_chunk().expect("a digest has 32 bytes")
}

fn seal(fingerprint: [u8; 8], key: &str) -> String {
    URL_SAFE_NO_PAD.encode([&fingerprint[..], key.as_bytes()].concat())
}

fn open(token: &str, fingerprint: [u8; 8]) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let key = bytes.strip_prefix(&fingerprint)?;
    String::from_utf8(key.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use tickmesh_proto::model::v1::{ListModelVersionsRequest, ListModelsRequest};

    use super::*;

    fn parse(size: i32, token: &str) -> (PageRequest, bool) {
        let mut violations = Violations::new();
        let page = PageRequest::parse(size, token, &ListModelsRequest::default(), &mut violations);
        (page, violations.finish(()).is_ok())
    }

    #[test]
    fn a_token_leads_to_the_next_page_of_its_own_request() {
        let (page, _) = parse(2, "");
        let mut items = vec!["a", "b", "c"];
        let token = page.cut(&mut items, |item| (*item).to_owned());
        assert_eq!(items, ["a", "b"]);
        assert_eq!(parse(2, &token).0.after.as_deref(), Some("b"));
        let mut violations = Violations::new();
        let other = ListModelVersionsRequest { parent: "models/A".into(), ..Default::default() };
        PageRequest::parse(2, &token, &other, &mut violations);
        assert!(violations.finish(()).is_err());
        assert_eq!(page.cut(&mut vec!["a", "b"], |item| (*item).to_owned()), "", "the last page");
    }

    #[test]
    fn sizes_are_bounded() {
        let size = |asked| parse(asked, "").0.size;
        assert_eq!([size(0), size(7), size(5_000)], [100, 7, 1_000]);
        assert!(!parse(-1, "").1 && !parse(1, "?").1);
    }
}
