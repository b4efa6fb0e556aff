//! Frames of any shape against their reader.

use halley_client::binary::encode_client_frame;
use halley_testkit::mutate;
use proptest::prelude::*;
use rand::{SeedableRng as _, rngs::StdRng};

use crate::frame::{ClientFrame, decode, decode_binary};

#[test]
fn every_frame_of_the_corpus_but_the_last_is_read() {
    let frames = mutate::frames();
    let (last, known) = frames.split_last().expect("frames");
    for frame in known {
        // A message is named by a number.
        assert!(decode(&frame.to_string().replace("$message", "5")).is_some(), "{frame}");
    }
    assert!(decode(&last.to_string()).is_none(), "{last}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_change_of_a_frame_makes_the_reader_panic(seed: u64, at: prop::sample::Index) {
        let mut random = StdRng::seed_from_u64(seed);
        let mut frame = at.get(&mutate::frames()).clone();
        mutate::value(&mut random, &mut frame);
        let bytes = mutate::bytes(&mut random, &frame);
        // A socket's text is UTF-8: what is not never comes here.
        let Ok(text) = str::from_utf8(&bytes) else { return Ok(()) };
        if let Some(ClientFrame::Auth(auth)) = decode(text) {
            prop_assert!(auth.token.len() <= text.len() && auth.device_id.len() <= text.len());
        }
    }

    #[test]
    fn no_change_of_a_binary_frame_makes_the_reader_panic(seed: u64, at: prop::sample::Index) {
        let mut random = StdRng::seed_from_u64(seed);
        let mut frame = at.get(&mutate::frames()).clone();
        mutate::value(&mut random, &mut frame);
        // What has become of no kind that there is goes as its text.
        let mut bytes = encode_client_frame(&frame).unwrap_or_else(|| frame.to_string().into_bytes());
        mutate::raw(&mut random, &mut bytes);
        if let Some(ClientFrame::Auth(auth)) = decode_binary(&bytes) {
            prop_assert!(auth.token.len() <= bytes.len() && auth.device_id.len() <= bytes.len());
            prop_assert!(auth.left_off.positions.len() <= bytes.len());
        }
    }

    #[test]
    fn no_bytes_make_the_binary_reader_panic(bytes: Vec<u8>) {
        drop(decode_binary(&bytes));
    }
}
