//! Files of messages: sent, seen by the others, and kept from doing harm.

use std::{
    io::Cursor,
    path::{Path, PathBuf},
};

use futures::stream;
use halley_testkit::{platform::Platform, unique};
use image::{DynamicImage, ImageFormat};
use reqwest::{Body, Client, Method, RequestBuilder, Response, StatusCode, header};
use serde_json::{Map, Value, json};

use crate::support::{Form, Http, Person, World, answer, code};

crate::in_both_forms!(
    a_picture_reaches_the_other_and_is_downloaded_byte_for_byte,
    a_form_answers_in_a_thread_and_carries_several_files,
    a_refused_message_leaves_no_file,
    what_could_run_or_lie_is_refused,
    files_are_handed_out_in_parts_and_harmless,
    a_file_is_uploaded_by_permission_and_then_sent,
    a_permission_is_good_for_one_upload_of_one_file,
    a_large_upload_needs_no_memory,
);

const BOUNDARY: &str = "halley-test-boundary";
const MIB: u64 = 1024 * 1024;
/// By how much the server may grow while it takes 100 MB.
const GROWTH_MAX_BYTES: u64 = 40 * MIB;

/// A form, put together by hand: what clients send is what counts.
#[derive(Default)]
pub struct Parts(Vec<u8>);

impl Parts {
    pub fn text(mut self, name: &str, value: &str) -> Self {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        self.0.extend_from_slice(head.as_bytes());
        self
    }

    fn file_head(mut self, field: &str, name: &str, mime: &str) -> Self {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: {mime}\r\n\r\n"
        );
        self.0.extend_from_slice(head.as_bytes());
        self
    }

    pub fn file(self, field: &str, name: &str, mime: &str, content: &[u8]) -> Self {
        let mut parts = self.file_head(field, name, mime);
        parts.0.extend_from_slice(content);
        parts.0.extend_from_slice(b"\r\n");
        parts
    }

    fn end() -> Vec<u8> {
        format!("--{BOUNDARY}--\r\n").into_bytes()
    }

    fn into_bytes(self) -> Vec<u8> {
        [self.0, Self::end()].concat()
    }

    /// As the body of a request.
    pub fn of(self, request: RequestBuilder) -> RequestBuilder {
        with_type(request).body(self.into_bytes())
    }
}

fn with_type(request: RequestBuilder) -> RequestBuilder {
    request.header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
}

/// A message to a user, without its files.
fn message(to: &Person, kind: &str) -> Parts {
    Parts::default()
        .text("type", kind)
        .text("receiverType", "user")
        .text("category", "message")
        .text("receiver", &to.uid)
        .text("data", r#"{"metadata":{"k":1},"url":""}"#)
}

pub fn picture(side: u32, format: ImageFormat) -> Vec<u8> {
    let mut written = Cursor::new(Vec::new());
    // Noise, so that the file is not tiny.
    let noise = image::RgbImage::from_fn(side, side, |x, y| {
        let [a, b, ..] = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)).to_be_bytes();
        image::Rgb([a, b, a ^ b])
    });
    DynamicImage::ImageRgb8(noise).write_to(&mut written, format).expect("a picture");
    written.into_inner()
}

/// An app of its own, whose folder no other test writes to.
struct Scene {
    http: Http,
    app_id: String,
    folder: PathBuf,
}

impl Scene {
    async fn new(form: Form) -> Self {
        let platform: &Platform = form.platform().await;
        let made = platform.run(&["app", "create", "--name", "Media", "--app-id", &unique("m")]).await;
        let app: Value = serde_json::from_str(&made).expect("JSON");
        let mut http = Http::new(form).await;
        let text = |key: &str| app[key].as_str().expect("a text").to_owned();
        (http.app_id, http.key, http.auth_key) = (text("appId"), text("restApiKey"), text("authKey"));
        let app_id = http.app_id.clone();
        Self { http, app_id, folder: platform.data_dir().join("media") }
    }

    async fn person(&self, uid: &str) -> Person {
        let made = answer(self.http.with_key(Method::POST, "/users").json(&json!({"uid": uid, "name": uid}))).await;
        assert_eq!(made.0, 200, "{}", made.1);
        let path = format!("/users/{uid}/auth_tokens");
        let (_, token) = answer(self.http.with_key(Method::POST, &path).json(&json!({}))).await;
        Person { uid: uid.to_owned(), token: token["data"]["authToken"].as_str().expect("a token").to_owned() }
    }

    fn send(&self, by: &Person, parts: Parts) -> RequestBuilder {
        parts.of(self.http.as_user(Method::POST, "/messages", by))
    }

    async fn permit(&self, by: &Person, to: &Person, files: Value) -> (StatusCode, Value) {
        let body = json!({"files": files, "receiver": to.uid, "receiverType": "user"});
        answer(self.http.as_user(Method::POST, "/files/upload-url", by).json(&body)).await
    }

    /// Files of this app, claims included.
    fn files(&self) -> usize {
        count(&self.folder.join(&self.app_id)) + count(&self.folder.join(".claims").join(&self.app_id))
    }
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

async fn get(url: &str, headers: &[(header::HeaderName, &str)]) -> Response {
    let client = Client::builder().no_proxy().build().expect("a client");
    let mut request = client.get(url);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.send().await.expect("an answer")
}

async fn bytes(url: &str) -> Vec<u8> {
    let response = get(url, &[]).await;
    assert_eq!(response.status(), 200, "{url}");
    response.bytes().await.expect("a body").to_vec()
}

async fn data(request: RequestBuilder) -> Value {
    let (status, body) = answer(request).await;
    assert_eq!(status, 200, "{body}");
    body["data"].clone()
}

fn url(attachment: &Value) -> &str {
    attachment["url"].as_str().expect("an address")
}

async fn a_picture_reaches_the_other_and_is_downloaded_byte_for_byte(form: Form) {
    let (world, http) = (World::new(form).await, Http::new(form).await);
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let mut phone = world.device(&bob, 1).await;
    let content = picture(700, ImageFormat::Png);
    let muid = unique("m");
    let parts = || {
        message(&bob, "image").text("caption", "look").text("tags[]", "t").text("muid", &muid).file(
            "files[]",
            "my cat.png",
            "image/png",
            &content,
        )
    };

    let sent = data(parts().of(http.as_user(Method::POST, "/messages", &ann))).await;

    let attachment = &sent["data"]["attachments"][0];
    assert_eq!(sent["data"]["url"], attachment["url"]);
    assert_eq!(
        (&attachment["name"], &attachment["mimeType"], &attachment["extension"], &attachment["size"]),
        (&json!("my cat.png"), &json!("image/png"), &json!("png"), &json!(content.len()))
    );
    assert_eq!((&sent["data"]["text"], &sent["data"]["metadata"]["k"]), (&json!("look"), &json!(1)));
    assert_eq!((&sent["tags"], &sent["type"], &sent["muid"]), (&json!(["t"]), &json!("image"), &json!(muid)));
    let heard = phone.hear().await;
    assert_eq!(heard.id.to_string(), sent["id"].as_str().expect("an id"));
    let history = data(http.as_user(Method::GET, &format!("/users/{}/messages", ann.uid), &bob)).await;
    let received = &history[0]["data"];
    assert_eq!(received["attachments"], sent["data"]["attachments"]);
    assert_eq!(bytes(url(&received["attachments"][0])).await, content);

    let copies = &received["metadata"]["@injected"]["extensions"]["thumbnail-generation"];
    let row = &copies["attachments"][0]["data"];
    assert_eq!((&row["width"], &row["thumbnails"]["url_small"]), (&json!(700), &copies["url_small"]));
    for (key, side) in [("url_small", 150), ("url_medium", 320), ("url_large", 640)] {
        let copy = image::load_from_memory(&bytes(copies[key].as_str().expect("an address")).await).expect("a picture");
        assert_eq!((copy.width(), copy.height()), (side, side), "{key}");
    }

    let again = data(parts().of(http.as_user(Method::POST, "/messages", &ann))).await;
    assert_eq!((&again["id"], &again["data"]["attachments"]), (&sent["id"], &sent["data"]["attachments"]));
}

async fn a_form_answers_in_a_thread_and_carries_several_files(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.person("ann").await, scene.person("bob").await);
    let text = json!({"receiver": "bob", "receiverType": "user", "data": {"text": "hi"}});
    let parent = data(scene.http.as_user(Method::POST, "/messages", &ann).json(&text)).await;
    let path = format!("/messages/{}/thread", parent["id"].as_str().expect("an id"));
    let files = [("a.jpg", "image/jpeg", picture(50, ImageFormat::Jpeg)), ("b.txt", "text/plain", b"plain".to_vec())];
    let mut parts = message(&bob, "file");
    for (name, mime, content) in &files {
        parts = parts.file("files[]", name, mime, content);
    }

    let sent = data(parts.of(scene.http.as_user(Method::POST, &path, &ann))).await;

    assert_eq!(sent["parentId"], parent["id"]);
    let attachments = sent["data"]["attachments"].as_array().expect("a list").clone();
    assert_eq!(attachments.len(), 2);
    for (attachment, (name, mime, content)) in attachments.iter().zip(&files) {
        assert_eq!((&attachment["name"], &attachment["mimeType"]), (&json!(name), &json!(mime)));
        assert_eq!(&bytes(url(attachment)).await, content);
    }
    let many =
        (0..11).fold(message(&bob, "file"), |parts, i| parts.file("files[]", &format!("{i}.txt"), "text/plain", b"x"));
    let (status, body) = answer(scene.send(&ann, many)).await;
    assert_eq!((status, code(&body)), (StatusCode::BAD_REQUEST, "ERR_FILE_COUNT_EXCEEDED"));
    assert_eq!(scene.files(), 2);
}

async fn a_refused_message_leaves_no_file(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.person("ann").await, scene.person("bob").await);
    let content = picture(200, ImageFormat::Png);
    let with_file = |parts: Parts| parts.file("files[]", "a.png", "image/png", &content);
    let nobody = Person { uid: "nobody-at-all".to_owned(), token: String::new() };

    for (parts, expected) in [
        (with_file(message(&nobody, "image")), "ERR_UID_NOT_FOUND"),
        (with_file(message(&bob, "poem")), "ERR_INVALID_MESSAGE_TYPE"),
        (with_file(message(&bob, "image").text("data", "{")), "ERR_INVALID_MESSAGE_DATA"),
        (with_file(message(&bob, "image").text("receiver", "")), "ERR_EMPTY_RECEIVER"),
        (message(&bob, "image"), "ERR_EMPTY_MESSAGE_FILE"),
    ] {
        let (status, body) = answer(scene.send(&ann, parts)).await;
        assert!(status.is_client_error(), "{body}");
        assert_eq!((code(&body), scene.files()), (expected, 0));
    }
    let block = scene.http.as_user(Method::POST, "/blockedusers", &bob).json(&json!({"blockedUids": ["ann"]}));
    data(block).await;
    let (_, body) = answer(scene.send(&ann, with_file(message(&bob, "image")))).await;
    assert_eq!((code(&body), scene.files()), ("ERR_BLOCKED_SENDER", 0));
    let stranger = Person { uid: String::new(), token: "wrong".to_owned() };
    let (status, _) = answer(scene.send(&stranger, with_file(message(&bob, "image")))).await;
    assert_eq!((status, scene.files()), (StatusCode::UNAUTHORIZED, 0));
}

async fn what_could_run_or_lie_is_refused(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.person("ann").await, scene.person("bob").await);
    let page = b"<!DOCTYPE html><script>alert(document.domain)</script>";
    let drawing = br#"<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>"#;
    for (name, mime, content) in [
        ("a.png", "image/png", page.as_slice()),
        ("a.png", "image/png", drawing),
        ("a.svg", "image/svg+xml", drawing),
        ("a.html", "text/html", page),
        ("a.txt", "text/plain", page),
        ("a.mp4", "video/mp4", b"nothing of a video"),
        ("../../../etc/passwd", "text/plain", b"x"),
        ("..", "text/plain", b"x"),
    ] {
        let (status, body) = answer(scene.send(&ann, message(&bob, "file").file("files[]", name, mime, content))).await;
        let refusal = (status, code(&body), scene.files());
        assert_eq!(refusal, (StatusCode::BAD_REQUEST, "ERR_INVALID_MEDIA_MESSAGE", 0), "{name} {mime}");
    }
    let large = vec![0; usize::try_from(100 * MIB).expect("a size")];
    let (status, body) = answer(scene.send(&ann, message(&bob, "file").file("files[]", "a.bin", "", &large))).await;
    assert_eq!((status, code(&body), scene.files()), (StatusCode::PAYLOAD_TOO_LARGE, "ERR_PAYLOAD_TOO_LARGE", 0));
    // Without a length the limit is met on the way.
    let parts = message(&bob, "file").file("files[]", "a.bin", "", &large).into_bytes();
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = parts.chunks(1 << 20).map(|piece| Ok(piece.to_vec())).collect();
    let request = with_type(scene.http.as_user(Method::POST, "/messages", &ann));
    let (status, body) = answer(request.body(Body::wrap_stream(stream::iter(pieces)))).await;
    assert_eq!((status, code(&body), scene.files()), (StatusCode::PAYLOAD_TOO_LARGE, "ERR_PAYLOAD_TOO_LARGE", 0));
    let wordy = message(&bob, "file").text("caption", &"y".repeat(300_000));
    let (status, _) = answer(scene.send(&ann, wordy)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
}

async fn files_are_handed_out_in_parts_and_harmless(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.person("ann").await, scene.person("bob").await);
    let video: Vec<u8> = [b"\0\0\0\x18ftypisom\0\0\0\0isomiso2".as_slice(), &[7; 5000]].concat();
    let parts = message(&bob, "video").file("files[]", "a.mp4", "video/mp4", &video);
    let sent = data(scene.send(&ann, parts.file("files[]", "a.pdf", "application/pdf", b"%PDF-1.4 x"))).await;
    let address = url(&sent["data"]["attachments"][0]);

    let whole = get(address, &[]).await;
    let shown = |response: &Response, name: &str| {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
    };
    assert_eq!(shown(&whole, "content-type"), "video/mp4");
    assert!(shown(&whole, "content-disposition").starts_with("inline"));
    assert_eq!(shown(&whole, "x-content-type-options"), "nosniff");
    assert_eq!(shown(&whole, "content-security-policy"), "default-src 'none'; sandbox");
    assert!(shown(&whole, "cache-control").contains("immutable"));
    let tag = shown(&whole, "etag");
    let document = get(url(&sent["data"]["attachments"][1]), &[]).await;
    assert_eq!(shown(&document, "content-type"), "application/octet-stream");
    assert!(shown(&document, "content-disposition").starts_with("attachment"));

    let size = video.len();
    for (range, expected, content) in [
        ("bytes=0-99", format!("bytes 0-99/{size}"), &video[..100]),
        ("bytes=5000-", format!("bytes 5000-{}/{size}", size - 1), &video[5000..]),
        ("bytes=-8", format!("bytes {}-{}/{size}", size - 8, size - 1), &video[size - 8..]),
    ] {
        let part = get(address, &[(header::RANGE, range)]).await;
        assert_eq!((part.status(), shown(&part, "content-range")), (StatusCode::PARTIAL_CONTENT, expected));
        assert_eq!(part.bytes().await.expect("a body"), content);
    }
    let beyond = get(address, &[(header::RANGE, "bytes=999999-")]).await;
    assert_eq!(
        (beyond.status(), shown(&beyond, "content-range")),
        (StatusCode::RANGE_NOT_SATISFIABLE, format!("bytes */{size}"))
    );
    assert_eq!(get(address, &[(header::IF_NONE_MATCH, &tag)]).await.status(), StatusCode::NOT_MODIFIED);

    let (base, name) = address.rsplit_once('/').expect("a path");
    let other = address.replace(&scene.app_id, "other");
    for wrong in [
        format!("{base}/..%2f..%2fmaster.key"),
        format!("{base}/{name}.html"),
        format!("{base}/a.png"),
        base.replace(&scene.app_id, "..%2f.claims") + "/" + name,
        other,
    ] {
        assert_eq!(get(&wrong, &[]).await.status(), StatusCode::NOT_FOUND, "{wrong}");
    }
}

/// The form of a permission, with the file behind its fields.
pub fn permitted(permission: &Value, name: &str, content: &[u8]) -> Parts {
    let fields = permission["request"]["body"].as_object().expect("fields");
    let parts =
        fields.iter().fold(Parts::default(), |parts, (key, value)| parts.text(key, value.as_str().expect("a text")));
    parts.file("file", name, "application/octet-stream", content)
}

pub fn upload(permission: &Value, parts: Parts) -> RequestBuilder {
    let client = Client::builder().no_proxy().build().expect("a client");
    parts.of(client.post(permission["request"]["url"].as_str().expect("an address")))
}

async fn a_file_is_uploaded_by_permission_and_then_sent(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.person("ann").await, scene.person("bob").await);
    let content = picture(400, ImageFormat::Jpeg);
    let wanted =
        |id: &str, name: &str| json!({"fileId": id, "name": name, "size": content.len(), "mimeType": "image/jpeg"});

    let (status, body) =
        scene.permit(&ann, &bob, json!({"one": wanted("one", "1.jpg"), "two": wanted("two", "2.jpg")})).await;

    assert_eq!(status, 200, "{body}");
    let keys: Vec<&String> = body["data"].as_object().map(Map::keys).expect("an object").collect();
    assert_eq!(keys, ["one", "two"]);
    let permission = &body["data"]["one"];
    assert_eq!(permission["request"]["method"], "POST");
    assert!(permission["expiresAt"].is_i64());
    let attachment = &permission["attachment"];
    assert_eq!(
        (&attachment["name"], &attachment["size"], &attachment["mimeType"], &attachment["extension"]),
        (&json!("1.jpg"), &json!(content.len()), &json!("image/jpeg"), &json!("jpg"))
    );
    assert_eq!(get(url(attachment), &[]).await.status(), StatusCode::NOT_FOUND, "not there yet");

    let stored = data(upload(permission, permitted(permission, "1.jpg", &content))).await;

    assert_eq!(stored["url"], attachment["url"]);
    assert_eq!(bytes(url(attachment)).await, content);
    let message = json!({"type": "image", "receiverType": "user", "category": "message", "receiver": "bob",
        "data": {"attachments": [attachment]}});
    let sent = data(scene.http.as_user(Method::POST, "/messages", &ann).json(&message)).await;
    assert_eq!(sent["data"]["url"], attachment["url"]);
    let copies = &sent["data"]["metadata"]["@injected"]["extensions"]["thumbnail-generation"];
    let small = bytes(copies["url_small"].as_str().expect("an address")).await;
    assert_eq!(image::load_from_memory(&small).expect("a picture").width(), 150);
}

async fn a_permission_is_good_for_one_upload_of_one_file(form: Form) {
    let scene = Scene::new(form).await;
    let (ann, bob) = (scene.person("ann").await, scene.person("bob").await);
    let nobody = Person { uid: "nobody-at-all".to_owned(), token: String::new() };
    let content = picture(40, ImageFormat::Png);
    let file = json!({"fileId": "f", "name": "a.png", "size": content.len(), "mimeType": "image/png"});
    let with = |key: &str, value: Value| {
        let mut file = file.clone();
        file[key] = value;
        json!({"f": file})
    };
    for (to, files, expected) in [
        (&nobody, with("size", json!(5)), "ERR_UID_NOT_FOUND"),
        (&bob, with("size", json!(0)), "ERR_BAD_REQUEST"),
        (&bob, with("size", json!(101 * MIB)), "ERR_FILE_SIZE_EXCEEDED"),
        (&bob, with("name", json!("../a.png")), "ERR_INVALID_MEDIA_MESSAGE"),
        (&bob, with("mimeType", json!("text/html")), "ERR_INVALID_MEDIA_MESSAGE"),
        (&bob, json!([file]), "ERR_BAD_REQUEST"),
    ] {
        let (_, body) = scene.permit(&ann, to, files).await;
        assert_eq!(code(&body), expected, "{body}");
    }
    let permission = scene.permit(&ann, &bob, json!({"f": file})).await.1["data"]["f"].clone();
    let altered = |key: &str, change: &dyn Fn(&str) -> String| {
        let mut altered = permission.clone();
        let field = &mut altered["request"]["body"][key];
        *field = json!(change(field.as_str().expect("a text")));
        altered
    };
    let bare = Parts::default().file("file", "a.png", "image/png", &content);
    for (permission, parts, expected) in [
        (
            &permission,
            permitted(&altered("policy", &|text| format!("{text}A")), "a.png", &content),
            "ERR_UPLOAD_NOT_ALLOWED",
        ),
        (
            &permission,
            permitted(&altered("signature", &|text| text.replace(['0', '1'], "2")), "a.png", &content),
            "ERR_UPLOAD_NOT_ALLOWED",
        ),
        (&permission, bare, "ERR_UPLOAD_NOT_ALLOWED"),
        (
            &permission,
            permitted(&permission, "a.png", &[content.as_slice(), &content].concat()),
            "ERR_FILE_SIZE_EXCEEDED",
        ),
        (&permission, permitted(&permission, "a.png", &content[..content.len() / 2]), "ERR_INVALID_MEDIA_MESSAGE"),
        (
            &permission,
            permitted(&permission, "a.png", &b"<html><script>x</script>".repeat(50)),
            "ERR_INVALID_MEDIA_MESSAGE",
        ),
        (&permission, permitted(&permission, "a.png", b"not a picture"), "ERR_INVALID_MEDIA_MESSAGE"),
    ] {
        let (status, body) = answer(upload(permission, parts)).await;
        assert!(status.is_client_error());
        assert_eq!((code(&body), scene.files()), (expected, 0));
    }
    let elsewhere = json!({"request": {"url": permission["request"]["url"].as_str().expect("url").replace(&scene.app_id, "other"), "body": permission["request"]["body"]}});
    assert_eq!(
        code(&answer(upload(&elsewhere, permitted(&permission, "a.png", &content))).await.1),
        "ERR_UPLOAD_NOT_ALLOWED"
    );

    data(upload(&permission, permitted(&permission, "a.png", &content))).await;
    let other: Vec<u8> = content.iter().copied().chain([0]).collect();
    let (_, body) = answer(upload(&permission, permitted(&permission, "a.png", &other))).await;
    assert_eq!((code(&body), scene.files()), ("ERR_UPLOAD_NOT_ALLOWED", 1));
    assert_eq!(bytes(url(&permission["attachment"])).await, content);
}

/// Most memory that a process has had.
fn peak_bytes(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("VmHWM");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    kib * 1024
}

async fn a_large_upload_needs_no_memory(form: Form) {
    // Alone on its platform: nothing else moves the mark.
    let platform = match form {
        Form::OneProcess => Platform::one_process().await,
        Form::ManyProcesses => Platform::many_processes().await,
    };
    let world = World::on(&platform);
    let (ann, bob) = (world.person("ann").await, world.person("bob").await);
    let app_id = platform.demo["appId"].as_str().expect("an app").to_owned();
    let client = Client::builder().no_proxy().build().expect("a client");
    let post = |parts: Parts, size: usize| {
        let head = parts.file_head("files[]", "large.bin", "application/octet-stream").0;
        let tail = [b"\r\n".to_vec(), Parts::end()].concat();
        let length = head.len() + size + tail.len();
        let piece = vec![0x5A; 1 << 16];
        let content = (0..size.div_ceil(1 << 16)).map(move |i| piece[..(size - (i << 16)).min(1 << 16)].to_vec());
        let pieces = std::iter::once(head).chain(content).chain([tail]).map(Ok::<_, std::io::Error>);
        let request = client.post(format!("{}/v3/messages", platform.rest)).header(header::CONTENT_LENGTH, length);
        let request = request.header("appid", &app_id).header("authtoken", &ann.token);
        with_type(request).body(Body::wrap_stream(stream::iter(pieces)))
    };
    let pid = platform.pid(match form {
        Form::OneProcess => "halley",
        Form::ManyProcesses => "rest-1",
    });
    // Buffers and the allocator reach their size with any upload; what counts is that a large one adds nothing.
    data(post(message(&bob, "file"), 2_000_000)).await;
    let before = peak_bytes(pid);

    let sent = data(post(message(&bob, "file"), 100_000_000)).await;

    let attachment = &sent["data"]["attachments"][0];
    assert_eq!(attachment["size"], 100_000_000);
    let mut response = get(url(attachment), &[]).await;
    let mut size = 0;
    while let Some(chunk) = response.chunk().await.expect("a body") {
        assert!(chunk.iter().all(|b| *b == 0x5A));
        size += chunk.len();
    }
    assert_eq!(size, 100_000_000);
    let growth = peak_bytes(pid) - before;
    assert!(growth < GROWTH_MAX_BYTES, "the server grew by {} MB", growth / MIB);
}
