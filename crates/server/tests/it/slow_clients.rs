//! Clients that are slow, stop reading, or open too many connections.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::support::{Server, both};

/// The longest that a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(30);

fn address(server: &Server) -> std::net::SocketAddr {
    server.url.trim_start_matches("http://").parse().unwrap()
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(address(server)).await.unwrap()
}

/// Opens a connection with a receive buffer of a few kilobytes.
async fn connect_narrow(server: &Server) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(address(server)).await.unwrap()
}

/// Reads until the server closes the connection, even abruptly.
async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    if let Err(error) = read.expect("the server closes the connection") {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// Waits until the server has closed a connection that nobody reads.
async fn cut_off(stream: &mut TcpStream) {
    let writes = async {
        while stream.write_all(b"\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, writes).await.expect("the server closes the connection");
}

const SIGN_IN: &str = "POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

both!(
    a_body_that_drips_is_cut_off,
    [("HOOKSWITCH_SERVER_BODY_SECONDS", "5"), ("HOOKSWITCH_SERVER_BODY_TOTAL_SECONDS", "1")],
    |server| {
        for head in [
            format!("{SIGN_IN}content-length: 1000\r\n\r\n"),
            format!("{SIGN_IN}transfer-encoding: chunked\r\n\r\n"),
        ] {
            let (mut read, mut write) = connect(server).await.into_split();
            write.write_all(head.as_bytes()).await.unwrap();
            let dripping = async {
                let drop_of_it: &[u8] = if head.contains("chunked") { b"1\r\nx\r\n" } else { b"x" };
                while write.write_all(drop_of_it).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            };
            let mut answer = Vec::new();
            let reading = async {
                let mut buffer = [0; 4096];
                while let Ok(bytes @ 1..) = read.read(&mut buffer).await {
                    answer.extend_from_slice(&buffer[..bytes]);
                }
            };
            let both = async {
                tokio::select! { () = dripping => {}, () = reading => {} }
            };
            tokio::time::timeout(PATIENCE, both).await.expect("the server closes the connection");
            let answer = String::from_utf8(answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
            assert!(answer.contains("bodyTooSlow") && answer.contains("connection: close"), "{answer}");
        }
    }
);

both!(a_body_that_stops_is_cut_off, [("HOOKSWITCH_SERVER_BODY_SECONDS", "1")], |server| {
    let mut stream = connect(server).await;
    stream.write_all(format!("{SIGN_IN}content-length: 99\r\n\r\n{{").as_bytes()).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
});

both!(an_idle_connection_is_closed, [("HOOKSWITCH_SERVER_HEADER_SECONDS", "1")], |server| {
    let mut stream = connect(server).await;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
});

both!(who_stops_reading_a_big_answer_is_cut_off, [("HOOKSWITCH_SERVER_WRITE_SECONDS", "1")], |server| {
    // Responses of about 300 kB each, until the buffers are full.
    let mut stream = connect_narrow(server).await;
    for _ in 0..100 {
        stream.write_all(b"GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    }
    cut_off(&mut stream).await;
});

both!(
    a_socket_that_is_not_read_is_cut_off,
    [("HOOKSWITCH_SERVER_SOCKET_PING_SECONDS", "1"), ("HOOKSWITCH_SERVER_SOCKET_SILENCE_SECONDS", "2")],
    |server| {
        let (_, ann) = server.operator("ann").await;
        let token = ann.headers()["authorization"].to_str().unwrap().to_owned();
        let mut stream = connect_narrow(server).await;
        let upgrade = format!(
            "GET /api/v1/events HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
             sec-websocket-protocol: hookswitch.v1\r\n\r\n"
        );
        stream.write_all(upgrade.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 101"), "{answer}");
        let gone = async {
            while server.app.live.hub.is_connected(server.user("ann").await) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, gone).await.expect("the hub forgets it");
    }
);

both!(
    one_address_has_its_share_of_connections,
    [("HOOKSWITCH_SERVER_MAX_CONNECTIONS_PER_ADDRESS", "3")],
    |server| {
        let mut held = Vec::new();
        for _ in 0..3 {
            let mut stream = connect(server).await;
            stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            let mut byte = [0];
            stream.read_exact(&mut byte).await.unwrap();
            held.push(stream);
        }
        let refused = rest(&mut connect(server).await).await;
        assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
        drop(held);
        let again = async {
            while server.anonymous().try_get("/healthz").await.is_none() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, again).await.expect("free places");
    }
);

both!(
    sockets_count_as_connections_of_their_address,
    [
        ("HOOKSWITCH_SERVER_MAX_CONNECTIONS_PER_ADDRESS", "2"),
        ("HOOKSWITCH_SERVER_TRUSTED_PROXIES", "127.0.0.1")
    ],
    |server| {
        use crate::support::Tab;
        let (_, ann) = server.operator("ann").await;
        let here = ann.clone().header("x-forwarded-for", "198.51.100.7");
        let neighbour = ann.clone().header("x-forwarded-for", "198.51.100.8");
        let (first, _) = Tab::open(server, &here).await;
        let _second = Tab::open(server, &here).await;
        here.get("/healthz").await.problem(429, "tooMany");
        neighbour.get("/healthz").await.is(200);
        drop(first);
        let again = async {
            while here.get("/healthz").await.status != 200 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, again).await.expect("a free place");
    }
);

both!(sockets_are_among_the_connections, [("HOOKSWITCH_SERVER_MAX_CONNECTIONS", "3")], |server| {
    use crate::support::Tab;
    let (_, ann) = server.operator("ann").await;
    let (first, _) = Tab::open(server, &ann).await;
    let _second = Tab::open(server, &ann).await;
    // Two sockets and one connection: the next one waits until one of them closes.
    let mut third = connect(server).await;
    third.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut fourth = connect(server).await;
    fourth.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut byte = [0];
    third.read_exact(&mut byte).await.unwrap();
    let waits = tokio::time::timeout(Duration::from_millis(200), fourth.read_exact(&mut byte)).await;
    assert!(waits.is_err(), "no place is free");
    drop(first);
    tokio::time::timeout(PATIENCE, fourth.read_exact(&mut byte)).await.expect("a free place").unwrap();
});

both!(a_head_as_long_as_a_book_is_refused, |server| {
    let mut stream = connect(server).await;
    let long = format!("GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(100_000));
    // The server may close the connection before it has received everything.
    let _ = stream.write_all(long.as_bytes()).await;
    let answer = rest(&mut stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
});
