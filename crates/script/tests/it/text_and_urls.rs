//! URLs, text encodings and base64.

use serde_json::json;

use crate::support::{eval, value};

#[tokio::test]
async fn urls_follow_the_standard() {
    let body = "const u = new URL('../b?x=1#h', 'https://user:pa%20ss@EXAMPLE.com:8443/a/c/d');
        return [u.href, u.protocol, u.username, u.password, u.host, u.hostname, u.port, u.pathname, u.search, u.hash, u.origin, `${u}`];";
    let href = "https://user:pa%20ss@example.com:8443/a/b?x=1#h";
    assert_eq!(
        eval(body).await.unwrap(),
        json!([
            href,
            "https:",
            "user",
            "pa%20ss",
            "example.com:8443",
            "example.com",
            "8443",
            "/a/b",
            "?x=1",
            "#h",
            "https://example.com:8443",
            href
        ])
    );
    let body = "const u = new URL('http://a.b/c'); u.protocol = 'https'; u.host = 'x.y:9'; u.pathname = 'p q'; u.search = 'k=v';
        u.hash = 'f'; u.username = 'me'; u.password = 's'; u.port = 'nonsense'; (u as any).origin === 'https://x.y:9';
        return JSON.stringify({ u });";
    assert_eq!(eval(body).await.unwrap(), json!("{\"u\":\"https://me:s@x.y:9/p%20q?k=v#f\"}"));
    assert_eq!(value("[URL.canParse('nope'), URL.canParse('/x', 'http://a')]").await, json!([false, true]));
    assert!(
        eval("new URL('nope')").await.unwrap_err().to_string().starts_with("TypeError: invalid URL: nope")
    );
}

#[tokio::test]
async fn search_parameters_are_live() {
    let body = "const u = new URL('https://a.b/?x=1&y=2'); const p = u.searchParams;
        p.append('z', 'ä &'); p.delete('x'); const one = u.href;
        u.search = '?q=%20'; const two = [p.get('q'), p.size]; p.set('q', 'new'); u.href = 'https://c.d/?last=1';
        return [one, two, [...p], u.searchParams === p];";
    assert_eq!(
        eval(body).await.unwrap(),
        json!(["https://a.b/?y=2&z=%C3%A4+%26", [" ", 1], [["last", "1"]], true])
    );
    let body = "const p = new URLSearchParams('?b=2&a=1&b=3&c');
        const all = [p.get('b'), p.getAll('b'), p.get('zz'), p.has('c'), p.has('b', '3'), p.has('b', '4')];
        p.set('b', 'x'); p.sort(); const seen: string[] = []; p.forEach((value, name) => seen.push(name + value));
        p.delete('c', 'no'); return [all, `${p}`, seen, [...p.keys()], [...p.values()]];";
    assert_eq!(
        eval(body).await.unwrap(),
        json!([
            ["2", ["2", "3"], null, true, true, false],
            "a=1&b=x&c=",
            ["a1", "bx", "c"],
            ["a", "b", "c"],
            ["1", "x", ""]
        ])
    );
    assert_eq!(value("`${new URLSearchParams([['a', '1'], ['a', '2']])}`").await, json!("a=1&a=2"));
}

#[tokio::test]
async fn text_is_encoded_and_decoded() {
    assert_eq!(
        value("[...new TextEncoder().encode('aä€😀')]").await,
        json!([97, 195, 164, 226, 130, 172, 240, 159, 152, 128])
    );
    assert_eq!(
        value("new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff]))").await,
        json!("a\u{FFFD}")
    );
    assert_eq!(
        value("new TextDecoder('utf-8', { ignoreBOM: true }).decode(new Uint8Array([0xef, 0xbb, 0xbf]))")
            .await,
        json!("\u{FEFF}")
    );
    assert_eq!(
        value("new TextDecoder('cp1251').decode(new Uint8Array([0xcf, 0xf0]).buffer)").await,
        json!("Пр")
    );
    assert_eq!(value("new TextDecoder('LATIN1').encoding").await, json!("windows-1252"));
    let fatal = "new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([0xff]))";
    assert!(eval(fatal).await.unwrap_err().to_string().contains("not valid utf-8"));
    assert!(eval("new TextDecoder('nope')").await.unwrap_err().to_string().starts_with("RangeError"));
}

#[tokio::test]
async fn base64() {
    assert_eq!(
        value("[btoa('a\\u00ff'), atob('Yf8='), atob(' Y f8 '), atob('Yf8')]").await,
        json!(["Yf8=", "aÿ", "aÿ", "aÿ"])
    );
    assert!(eval("btoa('€')").await.unwrap_err().to_string().starts_with("InvalidCharacterError"));
    assert!(eval("atob('*')").await.unwrap_err().to_string().starts_with("InvalidCharacterError"));
}

#[tokio::test]
async fn bytes_in_base64_and_hexadecimal() {
    for (expression, expected) in [
        ("[...Uint8Array.fromBase64('-_8', { alphabet: 'base64url' })]", json!([251, 255])),
        ("[...Uint8Array.fromBase64(' +/ 8=')]", json!([251, 255])),
        ("[...Uint8Array.fromHex('00fFa0')]", json!([0, 255, 160])),
        ("new Uint8Array([251, 255]).toBase64()", json!("+/8=")),
        ("new Uint8Array([251, 255]).toBase64({ alphabet: 'base64url', omitPadding: true })", json!("-_8")),
        ("new Uint8Array([0, 255, 160]).toHex()", json!("00ffa0")),
    ] {
        assert_eq!(value(expression).await, expected, "{expression}");
    }
    for wrong in ["Uint8Array.fromBase64('*')", "Uint8Array.fromHex('f')", "Uint8Array.fromHex('zz')"] {
        assert!(eval(wrong).await.unwrap_err().to_string().starts_with("SyntaxError"), "{wrong}");
    }
}
