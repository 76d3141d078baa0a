//! The server's own HTTP API, asked over loopback.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hookswitch_core::fetch;
use reqwest::header::{AUTHORIZATION, COOKIE, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use super::DemoError;

/// The API, as an administrator once there is a token.
pub struct Api {
    http: Client,
    server: SocketAddr,
    /// What requests are sent with.
    pub token: String,
}

/// What the API answered.
pub struct Answer {
    /// What the server answered.
    pub status: StatusCode,
    /// The JSON; null where there is none.
    pub body: Value,
}

impl Answer {
    /// The JSON of a success; else the API's sentence.
    pub fn ok(self) -> Result<Value, DemoError> {
        if self.status.is_success() {
            return Ok(self.body);
        }
        let detail = self.body["detail"].as_str().map(str::to_owned);
        Err(DemoError(detail.unwrap_or_else(|| format!("the server answers {}", self.status))))
    }
}

impl Api {
    /// The API of the server that listens there.
    pub fn new(listens: SocketAddr) -> Result<Self, DemoError> {
        let tls = fetch::tls().map_err(|error| DemoError(error.to_string()))?;
        let client = Client::builder().no_proxy().tls_backend_preconfigured(tls).build();
        let http = client.map_err(|error| DemoError(error.to_string()))?;
        Ok(Self { http, server: reachable(listens), token: String::new() })
    }

    pub async fn get(&self, path: &str) -> Result<Answer, DemoError> {
        answer(self.request(Method::GET, path).header(AUTHORIZATION, self.bearer())).await
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Answer, DemoError> {
        answer(self.request(method, path).header(AUTHORIZATION, self.bearer()).json(body)).await
    }

    /// Asks something that needs no token.
    pub async fn post_openly(&self, path: &str, body: &Value) -> Result<Answer, DemoError> {
        answer(self.request(Method::POST, path).json(body)).await
    }

    /// Signs in and makes a token. `origin`: the server's, as browsers know it.
    pub async fn new_token(&self, origin: &str, login: &str, password: &str) -> Result<String, DemoError> {
        let sign_in = self.request(Method::POST, "/api/v1/session");
        let response = sign_in.json(&json!({ "login": login, "password": password })).send().await;
        let response = response.map_err(unreachable)?;
        let cookie = response.headers().get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).unwrap_or_default().to_owned();
        read(response).await.ok()?;
        let with_session = |request: RequestBuilder| request.header(COOKIE, &cookie).header(ORIGIN, origin);
        let made = with_session(self.request(Method::POST, "/api/v1/tokens"));
        let made = answer(made.json(&json!({ "name": "demo" }))).await?.ok()?;
        answer(with_session(self.request(Method::DELETE, "/api/v1/session"))).await?.ok()?;
        Ok(made["token"].as_str().unwrap_or_default().to_owned())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.server))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }
}

/// A server that listens on every address is reached on this machine's own.
fn reachable(listens: SocketAddr) -> SocketAddr {
    let ip = match listens.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listens.port())
}

async fn answer(request: RequestBuilder) -> Result<Answer, DemoError> {
    Ok(read(request.send().await.map_err(unreachable)?).await)
}

async fn read(response: reqwest::Response) -> Answer {
    Answer { status: response.status(), body: response.json().await.unwrap_or_default() }
}

fn unreachable(error: reqwest::Error) -> DemoError {
    DemoError(format!("the server cannot be reached: {error}"))
}
