//! A keep-alive HTTP/1.1 connection to the server under test.

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::http::request::Builder;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// A response that takes longer counts as a failure of the server.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: String,
    token: Option<String>,
}

impl Connection {
    /// `token` is sent as a bearer token with every request.
    pub async fn open(address: SocketAddr, token: Option<String>) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // The sender sees its errors as well.
        tokio::spawn(async { connection.await.ok() });
        Ok(Self { sender, host: address.to_string(), token })
    }

    /// Sends a JSON body, or none if empty, and reads the whole response.
    pub async fn send(&mut self, method: Method, path: &str, body: String) -> Result<(StatusCode, Bytes)> {
        let mut request = Request::builder().method(method).uri(path).header(HOST, &self.host);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        self.answer(request.body(Full::new(Bytes::from(body)))?).await
    }

    /// Sends any request with the server's host, and reads the whole response.
    pub async fn exchange(&mut self, request: Builder, body: Bytes) -> Result<(StatusCode, Bytes)> {
        self.answer(request.header(HOST, &self.host).body(Full::new(body))?).await
    }

    async fn answer(&mut self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes)> {
        let exchange = async {
            self.sender.ready().await?;
            let response = self.sender.send_request(request).await?;
            let status = response.status();
            anyhow::Ok((status, response.into_body().collect().await?.to_bytes()))
        };
        tokio::time::timeout(PATIENCE, exchange).await.context("no answer in time")?
    }

    /// Makes an API call that must succeed. `Null` sends no body; an empty response is `Null`.
    pub async fn call(&mut self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = self.send(method.clone(), path, text).await?;
        let shown = String::from_utf8_lossy(&answer);
        ensure!(status.is_success(), "{method} {path}: {status} {shown}");
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer)
            .with_context(|| format!("{method} {path} returned something that is not JSON: {shown}"))
    }
}
