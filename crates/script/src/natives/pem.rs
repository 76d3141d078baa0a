//! Keys as people paste them: PEM, on one line or many, or the bytes in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Longer than any key.
const MAX_BYTES: usize = 64 << 10;

/// A key's bytes and the label of its PEM; no label if it came as bytes.
pub(super) struct Pem {
    pub label: Option<String>,
    pub der: Vec<u8>,
}

/// Whether it looks like a PEM block.
pub(super) fn is_pem(key: &[u8]) -> bool {
    key.trim_ascii_start().starts_with(b"-----BEGIN")
}

/// Reads a key. Line breaks may be missing, spaces, or written as `
/// `, as form fields leave them.
pub(super) fn read(key: &[u8]) -> Result<Pem, String> {
    if key.len() > MAX_BYTES {
        return Err(format!("a key has at most {MAX_BYTES} bytes"));
    }
    if !is_pem(key) {
        return match key.first() {
            // Every key is an ASN.1 sequence.
            Some(0x30) => Ok(Pem { label: None, der: key.to_vec() }),
            _ => Err("the key is not a PEM: it must start with -----BEGIN".into()),
        };
    }
    block(&String::from_utf8_lossy(key)).ok_or_else(|| "the key's PEM is damaged or truncated".into())
}

fn block(text: &str) -> Option<Pem> {
    let (label, rest) = text.split_once("-----BEGIN ")?.1.split_once("-----")?;
    let (content, _) = rest.split_once(&format!("-----END {label}-----"))?;
    let content = content.replace("\\r", "").replace("\\n", "");
    let base64: String = content.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    Some(Pem { label: Some(label.to_owned()), der: STANDARD.decode(base64).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_do_not_matter() {
        for text in [
            "-----BEGIN PUBLIC KEY-----\nAQID\nBAUG\n-----END PUBLIC KEY-----\n",
            "\r\n-----BEGIN PUBLIC KEY-----\r\nAQID\r\nBAUG\r\n-----END PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY----- AQID BAUG -----END PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\\nAQID\\nBAUG\\n-----END PUBLIC KEY-----\\n",
            "-----BEGIN PUBLIC KEY-----AQIDBAUG-----END PUBLIC KEY-----",
        ] {
            let pem = read(text.as_bytes()).unwrap();
            assert_eq!(
                (pem.label.as_deref(), pem.der),
                (Some("PUBLIC KEY"), vec![1, 2, 3, 4, 5, 6]),
                "{text}"
            );
        }
    }

    #[test]
    fn other_text_is_rejected() {
        for text in [
            "",
            "secret",
            "-----BEGIN A-----",
            "-----BEGIN A-----AQ-----END B-----",
            "-----BEGIN A-----?-----END A-----",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
