//! A browser tab's WebSocket.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::{Client, Server};

/// The longest that a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open tab.
pub struct Tab(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Tab {
    /// Opens a tab; returns it with its snapshot.
    pub async fn open(server: &Server, person: &Client) -> (Self, Value) {
        let mut tab = Self::connect(server, person).await.expect("a socket");
        let snapshot = tab.next().await;
        assert_eq!(snapshot["type"], "snapshot", "{snapshot}");
        assert_eq!(snapshot["v"], 1);
        (tab, snapshot)
    }

    /// Tries to open a tab.
    pub async fn connect(server: &Server, person: &Client) -> Result<Self, Error> {
        let url = format!("{}/api/v1/events", server.url.replace("http://", "ws://"));
        let mut request = url.into_client_request()?;
        request.headers_mut().extend(person.headers());
        let protocol = "hookswitch.v1".parse().expect("a header");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let (socket, response) = connect_async(request).await?;
        assert_eq!(response.headers()["sec-websocket-protocol"], "hookswitch.v1");
        Ok(Self(socket))
    }

    /// Returns the next message.
    pub async fn next(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.0.next()).await.expect("a message in time");
            match message.expect("an open socket").expect("a message") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// Returns the next message of that type, skipping others.
    pub async fn next_of(&mut self, kind: &str) -> Value {
        loop {
            let message = self.next().await;
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// Waits until the server closes the socket; returns the close code.
    pub async fn closed(&mut self) -> Option<u16> {
        let end = async {
            while let Some(Ok(message)) = self.0.next().await {
                if let Message::Close(frame) = message {
                    return frame.map(|frame| frame.code.into());
                }
            }
            None
        };
        tokio::time::timeout(PATIENCE, end).await.expect("the server closes it")
    }
}
