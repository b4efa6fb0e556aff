//! Calls over a plain HTTP/1.1 connection with as little work as possible, so that on a shared machine the
//! tool leaves the processor to the server. TLS goes through the ordinary client.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A reply larger than this is no reply to a call of ours.
const MAX_REPLY: usize = 1024 * 1024;

/// One keep-alive connection; one request at a time.
pub struct Lean {
    address: String,
    stream: Option<TcpStream>,
    request: String,
    reply: Vec<u8>,
}

/// The server's answer.
pub struct Reply<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

impl Lean {
    /// For `host:port`; connects on first use.
    pub fn new(address: &str) -> Self {
        Self { address: address.to_owned(), stream: None, request: String::new(), reply: Vec::new() }
    }

    /// Sends a request whose head lacks only the length of the body. After an error the next call connects anew.
    pub async fn call(&mut self, head: &str, body: &str) -> Result<Reply<'_>> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(&self.address).await.with_context(|| self.address.clone())?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        self.request.clear();
        write!(self.request, "{head}content-length: {}\r\n\r\n{body}", body.len())?;
        stream.write_all(self.request.as_bytes()).await?;
        self.reply.clear();
        let head = loop {
            if let Some(head) = parse_head(&self.reply)? {
                break head;
            }
            read_more(&mut stream, &mut self.reply).await?;
        };
        while self.reply.len() < head.length + head.content_length {
            read_more(&mut stream, &mut self.reply).await?;
        }
        if !head.close {
            self.stream = Some(stream);
        }
        Ok(Reply { status: head.status, body: &self.reply[head.length..head.length + head.content_length] })
    }
}

async fn read_more(stream: &mut TcpStream, reply: &mut Vec<u8>) -> Result<()> {
    ensure!(reply.len() < MAX_REPLY, "the reply is too large");
    let count = stream.read_buf(reply).await?;
    ensure!(count > 0, "the server closed the connection");
    Ok(())
}

#[derive(Debug)]
struct Head {
    status: u16,
    /// Bytes of the head.
    length: usize,
    content_length: usize,
    close: bool,
}

/// `None`: not all of it is here yet.
fn parse_head(reply: &[u8]) -> Result<Option<Head>> {
    let Some(end) = reply.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&reply[..end]).context("the reply's head is not text")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).context("no status")?;
    let mut head = Head { status, length: end + 4, content_length: 0, close: false };
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            bail!("a header without a colon");
        };
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            head.content_length = value.parse().context("content-length")?;
            ensure!(head.content_length < MAX_REPLY, "the reply is too large");
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("the reply comes in chunks, which this sender does not read");
        } else if name.eq_ignore_ascii_case("connection") {
            head.close = value.eq_ignore_ascii_case("close");
        }
    }
    Ok(Some(head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_complete() {
        let text = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nconnection: close\r\n\r\nhello";
        assert!(parse_head(&text[..20]).unwrap().is_none());
        let head = parse_head(text).unwrap().unwrap();
        assert_eq!((head.status, head.content_length, head.close), (200, 5, true));
        assert_eq!(&text[head.length..], b"hello");
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        assert!(parse_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(parse_head(b"nonsense\r\n\r\n").is_err());
        assert!(parse_head(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999\r\n\r\n").is_err());
    }
}
