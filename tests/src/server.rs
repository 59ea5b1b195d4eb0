//! What the programs talk to: listeners of this test, which count who came.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A server that says one thing to everybody in HTTP, and counts them.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub port: u16,
    visits: Arc<AtomicUsize>,
}

impl Server {
    /// Listens for TCP on 127.0.0.1.
    #[must_use]
    pub fn tcp() -> Self {
        Self::tcp_at("127.0.0.1:0".parse().expect("an address"))
    }

    /// Listens for TCP at an address.
    #[must_use]
    pub fn tcp_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).expect("an address of this machine");
        let port = listener.local_addr().expect("bound").port();
        let visits = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&visits);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || answer(stream));
            }
        });
        Self { port, visits }
    }

    /// Receives datagrams on 127.0.0.1.
    #[must_use]
    pub fn udp() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("an address of this machine");
        let port = socket.local_addr().expect("bound").port();
        let visits = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&visits);
        std::thread::spawn(move || {
            while let Ok((_, from)) = socket.recv_from(&mut [0; 64]) {
                counter.fetch_add(1, Ordering::SeqCst);
                let _ = socket.send_to(b"hello", from);
            }
        });
        Self { port, visits }
    }

    /// Listens on a unix socket.
    #[must_use]
    pub fn unix(path: &Path) -> Self {
        let listener = UnixListener::bind(path).expect("a fresh path");
        let visits = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&visits);
        std::thread::spawn(move || {
            for _ in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port: 0, visits }
    }

    /// How many came.
    #[must_use]
    pub fn visits(&self) -> usize {
        self.visits.load(Ordering::SeqCst)
    }
}

fn answer(mut stream: TcpStream) {
    let mut request = [0; 4096];
    if matches!(stream.read(&mut request), Ok(count) if count > 0) {
        let _ = stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
        );
    }
}
