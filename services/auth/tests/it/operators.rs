//! Operators.

use halley_contracts::{auth::v1 as pb, common::v1::PageRequest};
use halley_model::ErrorCode;

use crate::support::{Api, Outcome, World, walk};

fn request(email: &str) -> pb::CreateOperatorRequest {
    pb::CreateOperatorRequest {
        email: email.to_owned(),
        name: "Eve".to_owned(),
        password: "correct horse".to_owned(),
        role: pb::OperatorRole::Developer.into(),
    }
}

async fn log_in(api: &Api, email: &str, password: &str) -> Outcome<pb::Operator> {
    let request = pb::AuthenticateOperatorRequest { email: email.to_owned(), password: password.to_owned() };
    api.authenticate_operator(request).await.map(|answer| answer.operator.unwrap())
}

#[tokio::test]
async fn an_operator_logs_in_by_address_and_password() {
    let world = World::new().await;
    let api = world.start().await;
    let made = api.create_operator(request(" Eve@Example.org ")).await.unwrap().operator.unwrap();
    assert_eq!((made.email.as_str(), made.role()), ("eve@example.org", pb::OperatorRole::Developer));
    assert_eq!(log_in(&api, "EVE@example.org", "correct horse").await.unwrap(), made);

    let wrong = log_in(&api, "eve@example.org", "correct horsf").await.unwrap_err();
    let unknown = log_in(&api, "nobody@example.org", "correct horse").await.unwrap_err();
    assert_eq!(wrong.code, ErrorCode::InvalidCredentials);
    // Nothing tells an unknown address from a wrong password.
    assert_eq!(wrong, unknown);
    for (email, password) in [("", ""), ("eve@example.org", ""), ("a\0", "x"), ("eve@example.org", &"x".repeat(9999))] {
        assert_eq!(log_in(&api, email, password).await.unwrap_err(), wrong);
    }
    let again = api.create_operator(request("EVE@EXAMPLE.ORG")).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::OperatorAlreadyExists);

    let stored: String =
        sqlx::query_scalar("SELECT to_jsonb(operators)::text FROM operators").fetch_one(&world.pool).await.unwrap();
    assert!(stored.contains("$argon2id$") && !stored.contains("horse"), "{stored}");
}

#[tokio::test]
async fn bad_fields_are_named_and_nobody_is_made() {
    let api = World::new().await.start().await;
    let good = || request("eve@example.org");
    let cases = [
        (request(""), "email"),
        (request("eve"), "email"),
        (request("eve@\0"), "email"),
        (request(&format!("{}@example.org", "x".repeat(300))), "email"),
        (pb::CreateOperatorRequest { name: String::new(), ..good() }, "name"),
        (pb::CreateOperatorRequest { password: "123456789".to_owned(), ..good() }, "password"),
        (pb::CreateOperatorRequest { password: "x".repeat(101), ..good() }, "password"),
        (pb::CreateOperatorRequest { role: 0, ..good() }, "role"),
        (pb::CreateOperatorRequest { role: 99, ..good() }, "role"),
    ];
    for (request, field) in cases {
        let error = api.create_operator(request).await.expect_err(field);
        assert_eq!((error.code, error.field.as_deref()), (ErrorCode::BadRequest, Some(field)));
    }
    assert!(api.list_operators(pb::ListOperatorsRequest::default()).await.unwrap().operators.is_empty());
    // The limits themselves are allowed, also with characters of four bytes.
    let longest = pb::CreateOperatorRequest { password: "😀".repeat(100), ..good() };
    api.create_operator(longest).await.unwrap();
    log_in(&api, "eve@example.org", &"😀".repeat(100)).await.unwrap();
}

#[tokio::test]
async fn all_pages_together_are_all_operators() {
    let api = World::new().await.start().await;
    let mut made = Vec::new();
    for n in 0..5 {
        made.push(api.create_operator(request(&format!("{}@example.org", 9 - n))).await.unwrap().operator.unwrap());
    }
    for per_page in [1, 2, 100] {
        let listed = walk(per_page, async |page: PageRequest| {
            let answer = api.list_operators(pb::ListOperatorsRequest { page: Some(page) }).await.unwrap();
            (answer.operators, answer.page)
        })
        .await;
        assert_eq!(listed, made);
    }
}
