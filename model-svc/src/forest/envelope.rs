//! The outside of a stored model: what it is, which version, and that it is whole.
//!
//! `magic (4) | version (2, little endian) | payload | first 8 bytes of SHA-256 over all before`

use sha2::{Digest, Sha256};

const HEAD: usize = 6;
const SEAL: usize = 8;

/// Bytes that are not a model of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CorruptModel {
    /// They begin like something else.
    #[error("not a model of this kind")]
    Kind,
    /// Written by another version of this program.
    #[error("version {0} is not known here")]
    Version(u16),
    /// Some byte has changed.
    #[error("the checksum does not match")]
    Checksum,
    /// They end too soon, or go on too long.
    #[error("the length does not match the content")]
    Length,
    /// A value that no model has.
    #[error("{0}")]
    Rule(&'static str),
}

/// Puts the payload into its envelope.
pub(crate) fn seal(magic: [u8; 4], version: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEAD + payload.len() + SEAL);
    bytes.extend(magic);
    bytes.extend(version.to_le_bytes());
    bytes.extend(payload);
    let checksum = checksum(&bytes);
    bytes.extend(checksum);
    bytes
}

/// Opens an envelope, if it is whole and of this kind and version.
pub(crate) fn open(magic: [u8; 4], version: u16, bytes: &[u8]) -> Result<Reader<'_>, CorruptModel> {
    let (body, stored) = bytes.split_last_chunk::<SEAL>().ok_or(CorruptModel::Length)?;
    let (head, payload) = body.split_first_chunk::<HEAD>().ok_or(CorruptModel::Length)?;
    let [a, b, c, d, low, high] = *head;
    let found = u16::from_le_bytes([low, high]);
    if [a, b, c, d] != magic {
        return Err(CorruptModel::Kind);
    }
    if found != version {
        return Err(CorruptModel::Version(found));
    }
    if *stored != checksum(body) {
        return Err(CorruptModel::Checksum);
    }
    Ok(Reader { rest: payload })
}

fn checksum(bytes: &[u8]) -> [u8; SEAL] {
    *Sha256::digest(bytes).first_chunk().expect("a digest has 32 bytes")
}

/// Appends to a payload.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    /// Seven bits a byte, the low ones first.
    pub(crate) fn varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.byte(0x80 | (value & 0x7f) as u8);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    pub(crate) fn float(&mut self, value: f64) {
        self.bytes.extend(value.to_bits().to_le_bytes());
    }

    pub(crate) fn floats(&mut self, values: &[f64]) {
        values.iter().for_each(|value| self.float(*value));
    }
}

/// Takes from a payload. It never reserves more than the bytes that are there.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    pub(crate) fn byte(&mut self) -> Result<u8, CorruptModel> {
        let (byte, rest) = self.rest.split_first().ok_or(CorruptModel::Length)?;
        self.rest = rest;
        Ok(*byte)
    }

    pub(crate) fn varint(&mut self) -> Result<u32, CorruptModel> {
        let mut value = 0_u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(value).map_err(|_| CorruptModel::Rule("a count is too large"));
            }
        }
        Err(CorruptModel::Rule("a count is too long"))
    }

    /// A finite number.
    pub(crate) fn float(&mut self) -> Result<f64, CorruptModel> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(CorruptModel::Length)?;
        self.rest = rest;
        let value = f64::from_bits(u64::from_le_bytes(*bytes));
        if value.is_finite() { Ok(value) } else { Err(CorruptModel::Rule("a number is not finite")) }
    }

    pub(crate) fn floats(&mut self, count: usize) -> Result<Vec<f64>, CorruptModel> {
        if count > self.rest.len() / size_of::<f64>() {
            return Err(CorruptModel::Length);
        }
        (0..count).map(|_| self.float()).collect()
    }

    /// A count within a range; the rule says which.
    pub(crate) fn count(
        &mut self,
        range: std::ops::RangeInclusive<usize>,
        rule: &'static str,
    ) -> Result<usize, CorruptModel> {
        let count = self.varint()? as usize;
        if range.contains(&count) { Ok(count) } else { Err(CorruptModel::Rule(rule)) }
    }

    /// That nothing is left.
    pub(crate) fn end(&self) -> Result<(), CorruptModel> {
        if self.rest.is_empty() { Ok(()) } else { Err(CorruptModel::Length) }
    }
}
