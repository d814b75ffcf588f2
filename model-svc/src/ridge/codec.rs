//! A ridge regression as bytes: `features | intercept | coefficients | means | deviations`.

use super::scaler::Scaler;
use super::{CorruptModel, Ridge};
use crate::forest::envelope::{self, Writer};

const MAGIC: [u8; 4] = *b"TMRI";
const VERSION: u16 = 1;
/// Far above any row, far below what could exhaust memory.
const MAX_FEATURES: usize = 65_536;

pub(super) fn encode(ridge: &Ridge) -> Vec<u8> {
    let mut out = Writer::default();
    out.varint(u32::try_from(ridge.features()).expect("a row has fewer than 2^32 features"));
    out.float(ridge.intercept);
    out.floats(&ridge.coefficients);
    out.floats(&ridge.scaler.means);
    out.floats(&ridge.scaler.deviations);
    envelope::seal(MAGIC, VERSION, &out.bytes)
}

pub(super) fn decode(bytes: &[u8]) -> Result<Ridge, CorruptModel> {
    let mut reader = envelope::open(MAGIC, VERSION, bytes)?;
    let features = reader.count(1..=MAX_FEATURES, "the number of features is out of range")?;
    let intercept = reader.float()?;
    let coefficients = reader.floats(features)?;
    let means = reader.floats(features)?;
    let deviations = reader.floats(features)?;
    reader.end()?;
    if !deviations.iter().all(|deviation| *deviation > 0.0) {
        return Err(CorruptModel::Rule("a deviation is not above zero"));
    }
    Ok(Ridge { intercept, coefficients, scaler: Scaler { means, deviations } })
}
