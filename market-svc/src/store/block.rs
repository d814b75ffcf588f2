//! Columnar blocks: the bars of one series and period as one little-endian blob.
//!
//! | bytes | content |
//! | --- | --- |
//! | 4 | `TMBB` |
//! | 1 | version, 1 |
//! | 1 | optional columns: bit 0 vwap, bit 1 trade count, bit 2 adjustment factor |
//! | 2 | zero |
//! | 4 | rows |
//! | 4 | CRC-32 of all bytes but these four |
//! | 7 × 8 × rows | open time, close time (i64 nanoseconds), open, high, low, close, volume (f64), a column each |
//! | per optional column | a bit per row that says whether it is there, padded to bytes; 8 × rows, zero where it is not |
//!
//! Rows stand in ascending order of their open time, each time once.

use tickmesh_proto::types::Timestamp;

use crate::bar::{Candle, Draft};

const MAGIC: [u8; 4] = *b"TMBB";
const VERSION: u8 = 1;
const CHECKSUM: std::ops::Range<usize> = 12..16;
const HEADER: usize = 16;
const PLAIN_COLUMNS: usize = 7;
const VWAP: u8 = 1;
const TRADE_COUNT: u8 = 2;
const FACTOR: u8 = 4;

/// Why bytes are no block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// Too short or too long for what it says to hold.
    #[error("has the wrong length")]
    Length,
    /// Not a block, or one of another version.
    #[error("is of an unknown format")]
    Format,
    /// Not the bytes that were written.
    #[error("fails its checksum")]
    Checksum,
    /// A bar that breaks the rules or the order.
    #[error("holds a bar that cannot be")]
    Bar,
}

/// Encodes `candles`, which stand in ascending order of their open time.
pub(super) fn encode(candles: &[Candle]) -> Vec<u8> {
    let rows = u32::try_from(candles.len()).expect("a period has fewer than 2^32 bars");
    let columns = optional_columns(candles);
    let mut bytes = Vec::with_capacity(size(candles.len(), columns));
    bytes.extend(MAGIC);
    bytes.extend([VERSION, columns, 0, 0]);
    bytes.extend(rows.to_le_bytes());
    bytes.extend([0; 4]);
    let mut column = |of: fn(&Candle) -> [u8; 8]| bytes.extend(candles.iter().flat_map(of));
    column(|c| c.open_time.nanos().to_le_bytes());
    column(|c| c.close_time.nanos().to_le_bytes());
    column(|c| c.open.to_le_bytes());
    column(|c| c.high.to_le_bytes());
    column(|c| c.low.to_le_bytes());
    column(|c| c.close.to_le_bytes());
    column(|c| c.volume.to_le_bytes());
    let mut optional = |bit, of: fn(&Candle) -> Option<[u8; 8]>| {
        if columns & bit != 0 {
            bytes.extend(presence(candles, of));
            bytes.extend(candles.iter().flat_map(|c| of(c).unwrap_or_default()));
        }
    };
    optional(VWAP, |c| c.vwap.map(f64::to_le_bytes));
    optional(TRADE_COUNT, |c| c.trade_count.map(u64::to_le_bytes));
    optional(FACTOR, |c| c.adjustment_factor.map(f64::to_le_bytes));
    let checksum = checksum(&bytes);
    bytes[CHECKSUM].copy_from_slice(&checksum);
    bytes
}

/// Decodes all that [`encode`] made.
///
/// # Errors
/// If the bytes are not a whole and undamaged block of valid bars.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<Candle>, BlockError> {
    let block = Block::open(bytes)?;
    (0..block.rows).map(|row| block.candle(row)).collect()
}

/// A whole and undamaged block whose bars are decoded one by one.
pub(super) struct Block<'b> {
    rows: usize,
    plain: [&'b [[u8; 8]]; PLAIN_COLUMNS],
    vwap: Optional<'b>,
    trade_count: Optional<'b>,
    factor: Optional<'b>,
}

/// A column that may be absent, with the bits that say in which rows it is there.
type Optional<'b> = Option<(&'b [u8], &'b [[u8; 8]])>;

impl<'b> Block<'b> {
    /// Checks format, length and checksum.
    ///
    /// # Errors
    /// If the bytes are not those that were written.
    pub(super) fn open(bytes: &'b [u8]) -> Result<Self, BlockError> {
        let header = bytes.first_chunk::<HEADER>().ok_or(BlockError::Length)?;
        let [b'T', b'M', b'B', b'B', VERSION, columns, 0, 0, r0, r1, r2, r3, ..] = *header else {
            return Err(BlockError::Format);
        };
        let rows = usize::try_from(u32::from_le_bytes([r0, r1, r2, r3])).map_err(|_| BlockError::Length)?;
        if columns & !(VWAP | TRADE_COUNT | FACTOR) != 0 {
            return Err(BlockError::Format);
        }
        if bytes.len() != size(rows, columns) {
            return Err(BlockError::Length);
        }
        if bytes[CHECKSUM] != checksum(bytes) {
            return Err(BlockError::Checksum);
        }
        let mut cursor = Cursor(&bytes[HEADER..]);
        let plain = std::array::from_fn(|_| cursor.column(rows));
        let mut optional = |bit: u8| (columns & bit != 0).then(|| (cursor.bits(rows), cursor.column(rows)));
        let (vwap, trade_count, factor) = (optional(VWAP), optional(TRADE_COUNT), optional(FACTOR));
        Ok(Self { rows, plain, vwap, trade_count, factor })
    }

    /// The rows whose bars open at `time` or later.
    pub(super) fn rows_from(&self, time: Timestamp) -> std::ops::Range<usize> {
        self.plain[0].partition_point(|bytes| i64::from_le_bytes(*bytes) < time.nanos())..self.rows
    }

    /// When the bar of a row opens.
    pub(super) fn open_time(&self, row: usize) -> Timestamp {
        self.time(0, row)
    }

    /// The bar of a row.
    ///
    /// # Errors
    /// If it breaks a rule, or does not open after the bar of the row before.
    pub(super) fn candle(&self, row: usize) -> Result<Candle, BlockError> {
        let number = |column: usize| f64::from_le_bytes(self.plain[column][row]);
        let draft = Draft {
            open_time: self.time(0, row),
            close_time: self.time(1, row),
            open: number(2),
            high: number(3),
            low: number(4),
            close: number(5),
            volume: number(6),
            vwap: present(self.vwap, row).map(f64::from_le_bytes),
            trade_count: present(self.trade_count, row).map(u64::from_le_bytes),
            adjustment_factor: present(self.factor, row).map(f64::from_le_bytes),
        };
        if row.checked_sub(1).is_some_and(|before| self.open_time(before) >= draft.open_time) {
            return Err(BlockError::Bar);
        }
        draft.check().map_err(|_| BlockError::Bar)
    }

    fn time(&self, column: usize, row: usize) -> Timestamp {
        Timestamp::from_nanos(i64::from_le_bytes(self.plain[column][row]))
    }
}

fn present(column: Optional<'_>, row: usize) -> Option<[u8; 8]> {
    column.filter(|(bits, _)| bits[row / 8] & (1 << (row % 8)) != 0).map(|(_, values)| values[row])
}

fn presence(candles: &[Candle], of: fn(&Candle) -> Option<[u8; 8]>) -> impl Iterator<Item = u8> {
    let byte = move |rows: &[Candle]| rows.iter().rev().fold(0, |bits, c| bits << 1 | u8::from(of(c).is_some()));
    candles.chunks(8).map(byte)
}

fn optional_columns(candles: &[Candle]) -> u8 {
    candles.iter().fold(0, |columns, c| {
        let bit = |there: bool, bit| if there { bit } else { 0 };
        columns
            | bit(c.vwap.is_some(), VWAP)
            | bit(c.trade_count.is_some(), TRADE_COUNT)
            | bit(c.adjustment_factor.is_some(), FACTOR)
    })
}

fn size(rows: usize, columns: u8) -> usize {
    let optional = columns.count_ones() as usize;
    HEADER + PLAIN_COLUMNS * 8 * rows + optional * (rows.div_ceil(8) + 8 * rows)
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..CHECKSUM.start]);
    hasher.update(&bytes[CHECKSUM.end..]);
    hasher.finalize().to_le_bytes()
}

/// The columns not yet read; the length was checked before.
struct Cursor<'b>(&'b [u8]);

impl<'b> Cursor<'b> {
    fn column(&mut self, rows: usize) -> &'b [[u8; 8]] {
        self.take(8 * rows).as_chunks().0
    }

    fn bits(&mut self, rows: usize) -> &'b [u8] {
        self.take(rows.div_ceil(8))
    }

    fn take(&mut self, length: usize) -> &'b [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bar::tests::{any_candle, candle};

    fn any_block() -> impl Strategy<Value = Vec<Candle>> {
        prop::collection::btree_set(-1_000_000_000i64..1_000_000_000, 0..40)
            .prop_flat_map(|opens| opens.into_iter().map(any_candle).collect::<Vec<_>>())
    }

    proptest! {
        #[test]
        fn decode_undoes_encode(candles in any_block()) {
            prop_assert_eq!(decode(&encode(&candles)).unwrap(), candles);
        }

        #[test]
        fn no_changed_bit_goes_unseen(candles in any_block(), place in any::<prop::sample::Index>(), bit in 0..8u8) {
            let mut bytes = encode(&candles);
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            prop_assert!(decode(&bytes).is_err());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }

    #[test]
    fn absent_columns_take_no_room() {
        let year: Vec<_> = (0..252).map(|i| candle(i * 86_400, 86_400, 10.0)).collect();
        assert_eq!(encode(&year).len(), 16 + 252 * 56);
    }

    #[test]
    fn unordered_rows_are_refused() {
        let bytes = encode(&[candle(5, 1, 1.0), candle(5, 1, 1.0)]);
        assert_eq!(decode(&bytes), Err(BlockError::Bar));
    }

    /// The format is on disks: these bytes never change.
    #[test]
    fn version_1_stays_readable() {
        let bar = Draft { trade_count: Some(7), ..*candle(1, 2, 10.0) }.check().unwrap();
        let hex: String = encode(&[bar]).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(&hex[..24], "544d42420102000001000000");
        assert_eq!(&hex[32..64], "01000000000000000300000000000000");
        assert_eq!(&hex[hex.len() - 18..], "010700000000000000");
    }
}
