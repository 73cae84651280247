//! The HTTP API as a document for programs (OpenAPI 3.1). Each handler says what it takes and gives;
//! what holds for all of them is said here.

use std::sync::LazyLock;

use axum::{http::header, response::IntoResponse};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, OpenApi as Document, Ref, RefOr, ResponseBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{
    answers, error, host, performance, play, probes, questions, quizzes, results, run, sign_in, subjects,
    upload,
};
use crate::socket;

#[derive(OpenApi)]
#[openapi(
    info(title = "Scorecast", description = "Live quiz leaderboards."),
    paths(
        quizzes::list,
        quizzes::info,
        quizzes::by_code,
        play::join,
        play::questions,
        answers::give,
        answers::list,
        performance::in_one_quiz,
        play::leaderboard,
        upload::sessions,
        socket::quiz::upgrade,
        subjects::list,
        subjects::leaderboard,
        performance::everywhere,
        socket::leaderboard::upgrade,
        host::create,
        host::list,
        host::show,
        host::delete,
        run::status,
        run::start,
        run::end,
        questions::add,
        questions::list,
        questions::delete,
        questions::remove_participant,
        results::csv,
        subjects::put,
        sign_in::kind,
        sign_in::log_in,
        probes::alive,
        probes::ready,
        document,
    ),
    components(schemas(error::Body<'static>)),
    modifiers(&Credentials, &Refusals),
)]
struct Api;

/// The two kinds of credentials.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let components = document.components.get_or_insert_default();
        for (name, format, description) in [
            ("user", "JWT", "A user's token: from signing in, or from whom the settings believe"),
            ("participant", "pt_…", "The participant_token that joining gives"),
        ] {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(format);
            let scheme = scheme.description(Some(description)).build();
            components.add_security_scheme(name, SecurityScheme::Http(scheme));
        }
    }
}

/// What every route answers if it does not do what is asked.
struct Refusals;

impl Modify for Refusals {
    fn modify(&self, document: &mut Document) {
        let body = Content::new(Some(RefOr::Ref(Ref::from_schema_name("Error"))));
        let refusal = ResponseBuilder::new()
            .description("It is not carried out: the code says why")
            .content("application/json", body)
            .build();
        for operation in document.paths.paths.values_mut().flat_map(operations) {
            operation.responses.responses.insert("default".to_owned(), RefOr::T(refusal.clone()));
        }
    }
}

fn operations(
    path: &mut utoipa::openapi::PathItem,
) -> impl Iterator<Item = &mut utoipa::openapi::path::Operation> {
    [&mut path.get, &mut path.put, &mut path.post, &mut path.delete].into_iter().flatten()
}

/// Gives this document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "get_document",
    tag = "Probes",
    responses((status = 200, description = "The document", body = Object, content_type = "application/json")),
)]
pub(super) async fn document() -> impl IntoResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| Api::openapi().to_json().expect("a document encodes"));
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{super::routes::ROUTES, *};

    /// Each operation with its method and path.
    fn described() -> Vec<(String, String, Value)> {
        let document: Value = serde_json::to_value(Api::openapi()).unwrap();
        let mut described = Vec::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                described.push((method.clone(), path.clone(), operation.clone()));
            }
        }
        described
    }

    #[test]
    fn every_route_is_described_and_nothing_else() {
        // With and without the last slash it is one route.
        let one = |path: &str| path.trim_end_matches('/').to_owned();
        let described: BTreeSet<_> =
            described().into_iter().map(|(method, path, _)| (method, one(&path))).collect();
        let routes: BTreeSet<_> =
            ROUTES.iter().map(|(method, path)| ((*method).to_owned(), one(path))).collect();
        assert_eq!(described, routes);
    }

    #[test]
    fn every_operation_has_a_name_of_its_own_a_sentence_and_its_refusals() {
        let described = described();
        let names: BTreeSet<_> = described.iter().map(|(.., of)| of["operationId"].to_string()).collect();
        assert_eq!(names.len(), described.len(), "{names:?}");
        for (method, path, operation) in &described {
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!(summary.ends_with('.'), "{method} {path}: {summary}");
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
            let text = operation["description"].as_str().unwrap_or_default();
            assert!(!text.contains("contract"), "{method} {path}: {text}");
        }
    }

    #[test]
    fn every_body_has_an_example() {
        let document = serde_json::to_value(Api::openapi()).unwrap();
        let has_example = |content: &Value| {
            let reference = content["schema"]["$ref"].as_str().unwrap_or_default();
            let schema = document.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
            let parts = [content, &content["schema"], schema];
            parts.iter().any(|part| part.get("example").is_some()) || schema.to_string().contains("\"$ref\"")
        };
        for (method, path, operation) in described() {
            let responses = operation["responses"].as_object().unwrap().values();
            for body in responses.chain(operation.get("requestBody")) {
                for (kind, content) in body["content"].as_object().into_iter().flatten() {
                    let is_document = path == "/openapi.json";
                    assert!(is_document || has_example(content), "{method} {path}: {kind}");
                }
            }
        }
    }
}
