use proptest::prelude::*;

use super::super::{CorruptModel, Forest, Task, envelope};
use super::small_forest;

const HEAD: usize = 6;
const SEAL: usize = 8;

fn bytes() -> Vec<u8> {
    small_forest(Task::Regression, 1).to_bytes()
}

/// The same payload, changed, in a new envelope with a right checksum.
fn resealed(bytes: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut payload = bytes[HEAD..bytes.len() - SEAL].to_vec();
    change(&mut payload);
    envelope::seal(*b"TMFO", 1, &payload)
}

/// Whatever was read must be usable.
fn use_it(forest: &Forest) {
    let row = vec![0.5; forest.features()];
    let (_, phi) = forest.contributions(&row);
    assert_eq!(phi.len(), forest.features());
    assert!(!forest.predict_row(&row).is_nan());
}

proptest! {
    #[test]
    fn a_forest_comes_back_to_the_last_bit(seed in any::<u64>()) {
        for task in [Task::Regression, Task::Classification] {
            let forest = small_forest(task, seed);
            let read = Forest::from_bytes(&forest.to_bytes()).unwrap();
            prop_assert_eq!(&read, &forest);
            prop_assert_eq!(read.to_bytes(), forest.to_bytes());
        }
    }

    #[test]
    fn any_changed_byte_is_noticed(at in any::<prop::sample::Index>(), flip in 1..=255u8) {
        let mut bytes = bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(Forest::from_bytes(&bytes).is_err());
    }

    #[test]
    fn any_cut_is_noticed(at in any::<prop::sample::Index>()) {
        let bytes = bytes();
        prop_assert!(Forest::from_bytes(&bytes[..at.index(bytes.len())]).is_err());
    }

    #[test]
    fn noise_is_refused(noise in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Forest::from_bytes(&noise).is_err());
        let sealed = envelope::seal(*b"TMFO", 1, &noise);
        if let Ok(forest) = Forest::from_bytes(&sealed) {
            use_it(&forest);
        }
    }

    #[test]
    fn a_forged_payload_is_refused_or_usable(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let forged = resealed(&bytes(), |payload| {
            for (at, byte) in &changes {
                let at = at.index(payload.len());
                payload[at] = *byte;
            }
        });
        if let Ok(forest) = Forest::from_bytes(&forged) {
            use_it(&forest);
        }
    }
}

#[test]
fn every_position_of_the_payload_survives_forgery() {
    let original = bytes();
    for at in 0..original.len() - HEAD - SEAL {
        for byte in [0, 1, 0x7f, 0x80, 0xff] {
            if let Ok(forest) = Forest::from_bytes(&resealed(&original, |payload| payload[at] = byte)) {
                use_it(&forest);
            }
        }
    }
}

#[test]
fn each_refusal_has_its_reason() {
    let original = bytes();
    let mut other_kind = original.clone();
    other_kind[0] = b'X';
    let mut other_version = original.clone();
    other_version[4] = 9;
    let mut changed = original.clone();
    changed[40] ^= 1;
    let reasons =
        [&other_kind, &other_version, &changed, &original[..5].to_vec()].map(|bytes| Forest::from_bytes(bytes).err());
    let expected = [CorruptModel::Kind, CorruptModel::Version(9), CorruptModel::Checksum, CorruptModel::Length];
    assert_eq!(reasons, expected.map(Some));
    // The first byte of the payload is the task: these leaves lie beyond 1.
    let task = resealed(&original, |payload| payload[0] = 1);
    assert_eq!(Forest::from_bytes(&task), Err(CorruptModel::Rule("a leaf is not a probability")));
    let longer = resealed(&original, |payload| payload.push(0));
    assert_eq!(Forest::from_bytes(&longer), Err(CorruptModel::Length));
}

#[test]
fn a_forest_is_small() {
    let forest = small_forest(Task::Regression, 1);
    let nodes: usize = forest.trees.iter().map(|tree| tree.nodes().len()).sum();
    let edges: usize = forest.edges.iter().map(|edges| 8 * edges.as_slice().len()).sum();
    assert!(forest.to_bytes().len() < edges + 8 * nodes + 100);
}

/// A forest of one tree that only ever branches to the right, `levels` deep.
fn chain(levels: usize) -> Vec<u8> {
    let mut out = envelope::Writer::default();
    let leaf = |out: &mut envelope::Writer| {
        out.varint(0);
        out.varint(1);
        out.float(0.5);
    };
    // Regression, one feature with one edge at 0.5, its importance, one tree.
    out.byte(0);
    [1, 1].iter().for_each(|count| out.varint(*count));
    out.floats(&[0.5, 1.0]);
    out.varint(1);
    for _ in 0..levels {
        out.varint(1);
        out.byte(0);
        leaf(&mut out);
    }
    leaf(&mut out);
    envelope::seal(*b"TMFO", 1, &out.bytes)
}

#[test]
fn a_tree_as_deep_as_allowed_is_read_and_a_deeper_one_is_not() {
    use_it(&Forest::from_bytes(&chain(12)).unwrap());
    for levels in [13, 14, 100_000] {
        assert_eq!(Forest::from_bytes(&chain(levels)), Err(CorruptModel::Rule("a tree is too deep")));
    }
}
