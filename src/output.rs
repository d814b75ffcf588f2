//! What the verbs print: tables for people, canonical proto3 JSON for programs.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::LazyLock;

use comfy_table::{CellAlignment, Table, presets};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};

use crate::failure::Failure;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(tickmesh_proto::FILE_DESCRIPTOR_SET).expect("the build encoded this descriptor set")
});

/// A message as one line of canonical proto3 JSON; `name` is its full protobuf name.
pub fn json(message: &impl Message, name: &str) -> Result<String, Failure> {
    let descriptor = POOL.get_message_by_name(name).expect("callers name messages of the contracts");
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice()).map_err(Failure::runtime)?;
    serde_json::to_string(&dynamic).map_err(Failure::runtime)
}

/// An error as REST answers it, with its reason beside the code: `{"code", "reason", "message", "details"}`.
pub fn error(status: &tonic::Status) -> serde_json::Value {
    let json = gateway::render::status(status, &POOL);
    let mut json: serde_json::Value = serde_json::from_slice(&json).expect("what was rendered is JSON");
    let reason = json["details"].as_array().and_then(|details| details.iter().find_map(|detail| detail.get("reason")));
    json["reason"] = reason.cloned().unwrap_or_default();
    json
}

/// Prints a line; a reader that has gone away (`| head`) is not an error of ours.
pub fn line(text: impl AsRef<str>) {
    let _ = writeln!(io::stdout(), "{}", text.as_ref());
}

/// Whether a person is looking on: progress bars and repainting, or plain lines.
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// A table whose columns after the first `left` ones are aligned to the right, as numbers are.
pub fn table(head: &[&str], left: usize, rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(head.iter().copied()).add_rows(rows);
    for column in table.column_iter_mut().skip(left) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.trim_fmt()
}

/// A fraction in percent with a sign, `–` when absent.
pub fn percent(value: Option<f64>) -> String {
    value.map_or_else(|| "–".into(), |v| format!("{:+.2} %", 100.0 * v))
}

/// A number with `digits` decimals, `–` when absent.
pub fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "–".into(), |v| format!("{v:.digits$}"))
}

/// The last word of an enum's name: `ACTION_BUY` becomes `BUY`.
pub fn short(name: &str, prefix: &str) -> String {
    name.strip_prefix(prefix).unwrap_or(name).to_owned()
}

/// The date of a moment in UTC, `–` when absent.
pub fn date(time: Option<&prost_types::Timestamp>) -> String {
    time.map_or_else(|| "–".into(), |t| t.to_string().chars().take(10).collect())
}

#[cfg(test)]
mod tests {
    use tickmesh_proto::market::v1::Trade;

    use super::*;

    #[test]
    fn json_is_canonical() {
        let line = json(&Trade { price: 1.5, size: 0.0 }, "tickmesh.market.v1.Trade").unwrap();
        assert_eq!(line, r#"{"price":1.5}"#);
    }

    #[test]
    fn absent_is_a_dash() {
        assert_eq!((percent(None), percent(Some(0.0123))), ("–".into(), "+1.23 %".into()));
        assert_eq!((number(None, 3), number(Some(1.0), 3)), ("–".into(), "1.000".into()));
    }
}
