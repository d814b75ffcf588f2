use tickmesh_proto::types::Symbol;

use super::{Code, Fault};

/// How many known symbols an answer lists.
const LISTED: usize = 50;

/// How bars of more symbols come in.
const IMPORT: &str = "tickmesh import FILE";

/// NOT_FOUND, reason SYMBOL_UNKNOWN, in the one form that every service answers: it lists the known symbols, no more
/// than 50 of them, and says how to import more.
///
/// | Metadata | Content |
/// | --- | --- |
/// | `symbol` | what was asked for |
/// | `known_symbols` | those listed, parted by commas |
/// | `import` | the command that brings more |
///
/// ```
/// use tickmesh_mesh::status::unknown_symbol;
/// use tickmesh_proto::types::Symbol;
/// let known = [Symbol::try_from("AAPL")?, Symbol::try_from("NVDA")?];
/// let fault = unknown_symbol("ZZZZ", &known);
/// assert_eq!(fault.metadata("known_symbols"), Some("AAPL,NVDA"));
/// # Ok::<(), tickmesh_proto::types::ParseSymbolError>(())
/// ```
pub fn unknown_symbol<'a>(symbol: &str, known: impl IntoIterator<Item = &'a Symbol>) -> Fault {
    let mut known = known.into_iter().map(Symbol::as_str);
    let listed: Vec<&str> = known.by_ref().take(LISTED).collect();
    let text = format!("there is no symbol {symbol}; {}; import more with `{IMPORT}`", text(&listed, known.count()));
    Fault::new(Code::NotFound, "SYMBOL_UNKNOWN", text)
        .meta("symbol", symbol)
        .meta("known_symbols", listed.join(","))
        .meta("import", IMPORT)
        .resource("tickmesh.market.v1.Instrument", symbol, "no bars of this symbol were imported")
}

fn text(listed: &[&str], more: usize) -> String {
    match (listed, more) {
        ([], _) => "none is known yet".to_owned(),
        (listed, 0) => format!("known are {}", listed.join(", ")),
        (listed, more) => format!("known are {} and {more} more", listed.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(count: usize) -> Vec<Symbol> {
        (0..count).map(|n| Symbol::try_from(format!("S{n:03}")).unwrap()).collect()
    }

    #[test]
    fn says_what_is_known_and_how_more_comes_in() {
        let text = |count| unknown_symbol("ZZZZ", &symbols(count)).message().to_owned();
        let tail = "import more with `tickmesh import FILE`";
        assert_eq!(text(0), format!("there is no symbol ZZZZ; none is known yet; {tail}"));
        assert_eq!(text(2), format!("there is no symbol ZZZZ; known are S000, S001; {tail}"));
    }

    #[test]
    fn lists_no_more_than_so_many() {
        let fault = unknown_symbol("ZZZZ", &symbols(LISTED + 7));
        assert!(fault.message().contains("S049 and 7 more; import"), "{fault}");
        let listed = fault.metadata("known_symbols").unwrap();
        assert_eq!((listed.split(',').count(), listed.ends_with("S049")), (LISTED, true));
        assert_eq!((fault.metadata("symbol"), fault.metadata("import")), (Some("ZZZZ"), Some(IMPORT)));
    }
}
