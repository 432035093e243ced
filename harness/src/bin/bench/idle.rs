//! Memory of clients that have logged in and do nothing.

use std::sync::Arc;
use std::time::Duration;

use harness::{Error, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::cell::{Figures, Outcome};
use super::contender::Contender;
use super::process::memory;
use super::stage::{DATABASE, Stage, TRUSTED};

/// Clients before the first look, so that what a process sets up once is not counted.
const FIRST: usize = 500;
const MORE: usize = 1500;
const TLS_FIRST: usize = 50;
const TLS_MORE: usize = 200;

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

pub(super) async fn measure(stage: &Stage, contender: &Contender) -> Outcome {
    let Some(pid) = contender.pid.filter(|_| contender.name != "haproxy") else {
        return Outcome::Unsupported("each client would be a server of PostgreSQL");
    };
    match try_measure(stage, contender, pid).await {
        Ok(figures) => Outcome::Measured(figures),
        Err(error) => Outcome::Failed(error.to_string()),
    }
}

async fn try_measure(stage: &Stage, contender: &Contender, pid: i32) -> Result<Figures> {
    // The plain ones stay: memory that they gave back would be used again and count for nothing.
    let mut clients = Vec::new();
    let bytes = per_client(pid, &mut clients, FIRST, MORE, || plain(contender.port)).await?;
    let tls_bytes = if contender.tls {
        let connector = connector(stage)?;
        let connect = || encrypted(contender.port, &connector);
        Some(per_client(pid, &mut clients, TLS_FIRST, TLS_MORE, connect).await?)
    } else {
        None
    };
    Ok(Figures {
        bytes: Some(bytes),
        tls_bytes,
        ..Figures::default()
    })
}

async fn per_client<F>(
    pid: i32,
    clients: &mut Vec<Box<dyn Wire>>,
    first: usize,
    more: usize,
    connect: impl Fn() -> F,
) -> Result<f64>
where
    F: Future<Output = Result<Box<dyn Wire>>>,
{
    for _ in 0..first {
        clients.push(connect().await?);
    }
    let before = settled(pid).await?;
    for _ in 0..more {
        clients.push(connect().await?);
    }
    let after = settled(pid).await?;
    Ok(after.saturating_sub(before) as f64 / more as f64)
}

async fn settled(pid: i32) -> Result<u64> {
    tokio::time::sleep(Duration::from_millis(300)).await;
    memory(pid).ok_or_else(|| Error::told("the process is gone"))
}

async fn plain(port: u16) -> Result<Box<dyn Wire>> {
    let mut stream = dial(port).await?;
    log_in(&mut stream).await?;
    Ok(Box::new(stream))
}

async fn encrypted(port: u16, connector: &TlsConnector) -> Result<Box<dyn Wire>> {
    let mut stream = dial(port).await?;
    stream
        .write_all(&[0, 0, 0, 8, 4, 210, 22, 47])
        .await
        .map_err(Error::io("SSLRequest"))?;
    let answer = stream
        .read_u8()
        .await
        .map_err(Error::io("the answer to SSLRequest"))?;
    if answer != b'S' {
        return Err(Error::told("TLS is not served"));
    }
    let name = ServerName::try_from("localhost").map_err(|e| Error::told(e.to_string()))?;
    let mut stream = connector
        .connect(name, stream)
        .await
        .map_err(Error::io("TLS"))?;
    log_in(&mut stream).await?;
    Ok(Box::new(stream))
}

async fn dial(port: u16) -> Result<TcpStream> {
    TcpStream::connect(("127.0.0.1", port))
        .await
        .map_err(Error::io("a client's socket"))
}

/// Trust asks nothing: the startup packet, and then all up to ReadyForQuery.
async fn log_in(stream: &mut (impl Wire + ?Sized)) -> Result<()> {
    let body = format!("user\0{TRUSTED}\0database\0{DATABASE}\0\0");
    let length = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
    let mut packet = length.to_be_bytes().to_vec();
    packet.extend_from_slice(&196_608_u32.to_be_bytes());
    packet.extend_from_slice(body.as_bytes());
    stream
        .write_all(&packet)
        .await
        .map_err(Error::io("a startup packet"))?;
    stream
        .flush()
        .await
        .map_err(Error::io("a startup packet"))?;
    let mut told = Vec::new();
    while !told.ends_with(b"Z\0\0\0\x05I") {
        let mut piece = [0; 2048];
        let n = stream
            .read(&mut piece)
            .await
            .map_err(Error::io("a login"))?;
        if n == 0 {
            return Err(Error::told(format!(
                "refused: {}",
                String::from_utf8_lossy(&told)
            )));
        }
        told.extend_from_slice(&piece[..n]);
    }
    Ok(())
}

fn connector(stage: &Stage) -> Result<TlsConnector> {
    let told = |error: &dyn std::fmt::Display| Error::told(error.to_string());
    let mut roots = rustls::RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&stage.certificate.ca).map_err(|e| told(&e))? {
        roots
            .add(certificate.map_err(|e| told(&e))?)
            .map_err(|e| told(&e))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| told(&e))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
