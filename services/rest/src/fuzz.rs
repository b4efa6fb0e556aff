//! Bodies and queries of any shape against their readers.

use axum::{
    body::Body as Raw,
    extract::{FromRequest as _, FromRequestParts as _},
    http::Request,
};
use halley_testkit::mutate;
use proptest::prelude::*;
use rand::{SeedableRng as _, rngs::StdRng};

use crate::input::{self, Body, Query};

/// What is asked of bodies, each by every reader.
fn read(body: &Body) {
    for name in ["uid", "receiver", "data", "tags", "messageId", "permanent", "joinedAt", "metadata", "users", "", "x"]
    {
        drop((body.text(name), body.required(name), body.flag(name), body.texts(name), body.some_texts(name)));
        drop((body.object(name), body.message_id(name), body.seconds(name)));
        drop(input::new_id(body, name, halley_model::ErrorCode::InvalidUid));
    }
}

fn ask(query: &Query) {
    for name in ["limit", "id", "cursor", "updatedAt", "tags", "createdAt", "searchKey"] {
        drop((query.flag(name), query.texts(name), query.number(name), query.cursor(name), query.small(name)));
        drop((query.seconds(name), query.range(name)));
    }
    drop((query.page(), query.limit(), query.descending(), query.status()));
    let Ok(cursor) = query.list_cursor() else { return };
    drop(halley_kit::cursor::Cursor::parse(&cursor));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn no_change_of_a_body_makes_its_readers_panic(seed: u64, at: prop::sample::Index) {
        let mut random = StdRng::seed_from_u64(seed);
        let mut body = at.get(&mutate::bodies()).clone();
        mutate::value(&mut random, &mut body);
        let request = Request::new(Raw::from(mutate::bytes(&mut random, &body)));
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        if let Ok(body) = runtime.block_on(Body::from_request(request, &())) {
            read(&body);
        }
    }

    #[test]
    fn no_query_makes_its_readers_panic(seed: u64, names in prop::collection::vec("(limit|per_page|perPage|page|id|cursor|updatedAt|affix|createdAt\\[from\\]|createdAt\\[to\\]|status|sortOrder|tags(\\[\\])?)", 0..6)) {
        let mut random = StdRng::seed_from_u64(seed);
        let pairs: Vec<String> = names.iter().map(|name| format!("{name}={}", mutate::word(&mut random))).collect();
        let pairs = pairs.join("&").replace('[', "%5B").replace(']', "%5D");
        let Ok(request) = Request::builder().uri(format!("/x?{pairs}")).body(()) else { return Ok(()) };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (mut parts, ()) = request.into_parts();
        if let Ok(query) = runtime.block_on(Query::from_request_parts(&mut parts, &())) {
            ask(&query);
        }
    }

    #[test]
    fn no_segment_makes_its_readers_panic(segment in any::<String>()) {
        drop((input::uid(&segment), input::guid(&segment), input::role(&segment), input::message_id(&segment)));
        drop(halley_kit::cursor::Cursor::parse(&segment));
    }
}
