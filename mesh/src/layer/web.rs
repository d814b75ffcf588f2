use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use tonic::Code;

/// The first byte of a gRPC-Web frame that holds trailers.
const TRAILERS: u8 = 0x80;

/// One byte of flags and four of length go before each frame.
const PREFIX_BYTES: usize = 5;

/// The status that a piece of a gRPC-Web body ends with, if it is the frame of trailers: binary, or base64 as text.
pub(super) fn status(piece: &Bytes) -> Option<Code> {
    match piece.first()? {
        &TRAILERS => in_trailers(piece),
        b'g' => in_trailers(&STANDARD.decode(piece).ok()?), // base64 of 0x80 begins so
        _ => None,
    }
}

fn in_trailers(frame: &[u8]) -> Option<Code> {
    let lines = frame.get(PREFIX_BYTES..)?.split(|byte| *byte == b'\n');
    let value = lines.filter_map(|line| line.strip_prefix(b"grpc-status:")).next()?;
    Some(Code::from_bytes(value.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_status_of_both_forms() {
        let frame = [&[TRAILERS, 0, 0, 0, 15][..], b"grpc-status:5\r\n"].concat();
        assert_eq!(status(&Bytes::from(frame.clone())), Some(Code::NotFound));
        assert_eq!(status(&Bytes::from(STANDARD.encode(frame))), Some(Code::NotFound));
        assert_eq!(status(&Bytes::from_static(&[0, 0, 0, 0, 2, 8, 1])), None);
    }
}
