//! Every documented operation: the call with its documented parameters, the shape of the answer, the effect as another call
//! shows it, and the documented errors, each by a real call. An operation is one entry of the table in
//! [`crate::operations`] and one case in the file of its area; all cases run, and all that differs is told together.

use std::panic::AssertUnwindSafe;

use futures::{FutureExt as _, StreamExt as _, stream};

use self::probe::{App, Case, Probe};
use crate::{
    operations::{OF_OPERATORS, OPERATIONS, Operation, operation},
    support::Form,
};

mod calls;
mod conversations;
mod credentials;
mod groups;
mod import;
mod management;
mod messages;
mod moderation;
mod operators;
mod people;
pub mod probe;
mod push_tokens;
mod rights;
mod shape;

crate::in_both_forms!(every_documented_operation_works);

/// Areas, each with an app of its own; the cases of an area run one after the other.
const AREAS: &[&[Case]] = &[
    calls::CASES,
    conversations::CASES,
    credentials::CASES,
    groups::CASES,
    import::CASES,
    management::CASES,
    messages::CASES,
    moderation::CASES,
    operators::CASES,
    people::CASES,
    push_tokens::CASES,
    rights::CASES,
];

/// Areas that run at once.
const AT_ONCE: usize = 4;

async fn every_documented_operation_works(form: Form) {
    let platform = form.platform().await;
    let area = async |cases: &'static [Case]| {
        let app = App::new(platform).await;
        let mut failed = Vec::new();
        for case in cases.iter().filter(|case| is_wanted(case.id)) {
            let faults = run(app.clone(), case).await;
            if !faults.is_empty() {
                let told = format!("{}\n    {}", case.id, faults.join("\n    "));
                eprintln!("fails: {told}");
                failed.push(told);
            }
        }
        failed
    };
    let failed: Vec<String> = stream::iter(AREAS).map(|cases| area(cases)).buffer_unordered(AT_ONCE).concat().await;
    let wanted = all().filter(|operation| is_wanted(operation.id)).count();
    println!("operations in scope: {}, passing: {}", all().count(), wanted - failed.len());
    assert!(failed.is_empty(), "{} operations of {wanted} fail:\n{}", failed.len(), failed.join("\n"));
}

/// Those of apps, and those of operators.
fn all() -> impl Iterator<Item = &'static Operation> {
    OPERATIONS.iter().chain(OF_OPERATORS)
}

/// Whether a case runs: its operation is one of HALLEY_TEST_OPERATION if that is set.
fn is_wanted(id: &str) -> bool {
    let chosen = std::env::var("HALLEY_TEST_OPERATION").ok();
    chosen.is_none_or(|chosen| chosen.split(',').any(|one| one == id))
}

/// Runs one case; answers what differed.
async fn run(app: App, case: &Case) -> Vec<String> {
    let probe = Probe::new(app, operation(case.id));
    let steps = async {
        (case.run)(&probe).await;
        probe.spoil().await;
    };
    if let Err(panic) = AssertUnwindSafe(steps).catch_unwind().await {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        probe.fault(format!("panicked: {}", text.unwrap_or("without a word")));
    }
    probe.faults()
}

#[test]
fn every_operation_has_one_case() {
    let mut cases: Vec<&str> = AREAS.iter().flat_map(|cases| cases.iter()).map(|case| case.id).collect();
    let mut operations: Vec<&str> = all().map(|operation| operation.id).collect();
    cases.sort_unstable();
    operations.sort_unstable();
    assert_eq!(cases, operations);
}
