//! Messages with files, and files that are sent before their message.

use serde_json::{Value, json};

use super::{Call, Client, Fault, PAGE, To, checked, settled};
use crate::shapes::{self, at};

const BOUNDARY: &str = "----WebKitFormBoundaryOfTheTest";

/// A form as browsers write it: fields, then files by field, name and type.
pub fn form(fields: &[(&str, String)], files: &[(&str, &str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    for (field, name, kind, content) in files {
        let head =
            format!("Content-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\nContent-Type: {kind}");
        body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").bytes());
        body.extend_from_slice(content);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    body
}

impl Client {
    /// `sendMediaMessage` with files.
    pub async fn send_files(&self, to: &To, kind: &str, files: &[(&str, &str, &[u8])]) -> Call {
        let fields = [
            ("type", kind.to_owned()),
            ("receiverType", to.kind.to_owned()),
            ("category", "message".to_owned()),
            ("receiver", to.id.clone()),
            ("data", json!({"metadata": {"k": 1}, "caption": "as seen"}).to_string()),
            ("caption", "as seen".to_owned()),
            ("tags[]", "seen".to_owned()),
        ];
        let files: Vec<_> = files.iter().map(|(name, kind, content)| ("files[]", *name, *kind, *content)).collect();
        let url = format!("{}/messages", self.base);
        let answer = self.post_form(&url, &[("authtoken", &self.token)], form(&fields, &files)).await?;
        let shape = |data: &Value| {
            shapes::message(data)?;
            let has = at(data, "data.attachments.0.url").is_string() && at(data, "data.url").is_string();
            if has { Ok(()) } else { Err("data.attachments[] and data.url".to_owned()) }
        };
        checked("POST /messages as a form", answer["data"].clone(), shape)
    }

    /// Posts a form; the content type is the browser's.
    async fn post_form(&self, url: &str, credential: &[(&str, &str)], body: Vec<u8>) -> Call {
        let call = format!("POST {url} as a form");
        let mut request = self.ground().http.post(url).header("origin", PAGE);
        for (name, value) in self.headers().iter().chain(credential) {
            request = request.header(*name, *value);
        }
        let request = request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body);
        let sent = request.send().await;
        let response = sent.map_err(|fault| Fault::Hang { call: call.clone(), what: format!("{fault:?}") })?;
        settled(&call, response).await
    }

    /// `createUploadFileRequest` for one file; answers what stands under its id.
    pub async fn upload_request(&self, to: &To, id: &str, name: &str, kind: &str, size: usize) -> Call {
        let mut files = json!({});
        files[id] = json!({"fileId": id, "name": name, "size": size, "mimeType": kind});
        let body = json!({"files": files, "receiver": to.id, "receiverType": to.kind});
        let shape = |data: &Value| {
            let file = &data[id];
            let texts =
                ["request.url", "attachment.url", "attachment.name", "attachment.mimeType", "attachment.extension"];
            let missing = texts.into_iter().find(|path| !at(file, path).is_string());
            let missing = missing.or((!at(file, "request.body").is_object()).then_some("request.body"));
            let missing = missing.or((at(file, "request.method") != "POST").then_some("request.method"));
            let missing = missing.or((!at(file, "attachment.size").is_number()).then_some("attachment.size"));
            let missing = missing.or(file["expiresAt"].is_null().then_some("expiresAt"));
            missing.map_or(Ok(()), |path| Err(format!("{id}.{path}")))
        };
        Ok(self.data("POST", "/files/upload-url", Some(body), shape).await?[id].clone())
    }

    /// Posts a file where it was allowed to, without any header of the API.
    pub async fn upload(&self, leave: &Value, name: &str, kind: &str, content: &[u8]) -> anyhow::Result<()> {
        let url = at(leave, "request.url").as_str().unwrap_or_default();
        let fields: Vec<(&str, String)> = at(leave, "request.body")
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)))
            .collect();
        let body = form(&fields, &[("file", name, kind, content)]);
        let request = self.ground().http.post(url).header("origin", PAGE);
        let request = request.header("content-type", format!("multipart/form-data; boundary={BOUNDARY}")).body(body);
        let response = request.send().await?;
        super::allowed_origin(&response)?;
        anyhow::ensure!(response.status().is_success(), "{}: {}", response.status(), response.text().await?);
        Ok(())
    }

    /// A file as a page gets it.
    pub async fn download(&self, url: &str) -> anyhow::Result<Vec<u8>> {
        let response = self.ground().http.get(url).header("origin", PAGE).send().await?;
        anyhow::ensure!(response.status().is_success(), "{url}: {}", response.status());
        Ok(response.bytes().await?.to_vec())
    }
}
