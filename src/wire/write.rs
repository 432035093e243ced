//! What both encoders build messages from.

/// Appends a message whose body `fill` writes; its length is put in afterwards.
pub(super) fn message(out: &mut Vec<u8>, tag: u8, fill: impl FnOnce(&mut Vec<u8>)) {
    out.push(tag);
    untagged(out, fill);
}

/// Like [`message`], for the packets of the startup phase, which have no tag.
pub(super) fn untagged(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    fill(out);
    let length = length(out.len() - start);
    out[start..start + 4].copy_from_slice(&length);
}

/// A length field. What we build ourselves is far below 2 GiB.
pub(super) fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).unwrap_or(i32::MAX).to_be_bytes()
}

/// A count field of 16 bits.
pub(super) fn count(items: usize) -> [u8; 2] {
    u16::try_from(items).unwrap_or(u16::MAX).to_be_bytes()
}

/// A zero-terminated string. A zero inside would begin a field of somebody else's choice, so the
/// text ends there.
pub(super) fn text(out: &mut Vec<u8>, text: impl AsRef<[u8]>) {
    let text = text.as_ref();
    let end = text.iter().position(|b| *b == 0).unwrap_or(text.len());
    out.extend_from_slice(&text[..end]);
    out.push(0);
}
