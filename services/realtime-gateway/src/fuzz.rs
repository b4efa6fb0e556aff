//! Frames of any shape against their reader.

use halley_testkit::mutate;
use proptest::prelude::*;
use rand::{SeedableRng as _, rngs::StdRng};

use crate::frame::{ClientFrame, decode};

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
}
