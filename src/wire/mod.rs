//! Bytes to meaning and back, without IO (PostgreSQL's documentation, "Frontend/Backend Protocol").
//!
//! `startup` and `frontend` read what clients send, `backend` what PostgreSQL sends; `encode`
//! writes to clients, `request` writes to PostgreSQL.

pub mod backend;
pub mod encode;
pub mod frame;
pub mod frontend;
mod read;
pub mod request;
pub mod sqlstate;
pub mod startup;
pub mod status;
mod write;

pub use frame::Malformed;
pub use sqlstate::SqlState;
pub use startup::CancelKey;
pub use status::TxStatus;

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Bytes that are often a terminator, a small number or a letter that means something.
    fn hostile() -> impl Strategy<Value = Vec<u8>> {
        let telling = prop::sample::select(&b"\0\0\0\x01\x03\x05\x0a\x0c\xffSPVCMIT\xc3a"[..]);
        let codes = prop::sample::select(vec![80_877_102_u32, 80_877_103, 196_608, 196_610, 11]);
        prop_oneof![
            vec(any::<u8>(), 0..64),
            vec(telling.clone(), 0..64),
            (codes, vec(telling, 0..64))
                .prop_map(|(c, rest)| [&c.to_be_bytes()[..], &rest].concat()),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_bytes_make_a_parser_panic(bytes in hostile()) {
            let _ = frame::header(&bytes);
            let _ = startup::Startup::parse(&bytes);
            let _ = frontend::Parse::parse(&bytes).map(|p| p.type_oids().count());
            let _ = frontend::Bind::parse(&bytes);
            let _ = frontend::Bind::head(&bytes);
            let _ = frontend::Target::parse(&bytes);
            let _ = frontend::Execute::parse(&bytes);
            let _ = frontend::password(&bytes);
            let _ = frontend::SaslInitialResponse::parse(&bytes).map(|r| r.data.is_some());
            let _ = backend::Authentication::parse(&bytes);
            let _ = backend::Fields::parse(&bytes);
            let _ = backend::ParameterStatus::parse(&bytes);
            let _ = backend::backend_key_data(&bytes);
            let _ = backend::ready_for_query(&bytes);
            let _ = backend::command_tag(&bytes);
            let _ = backend::NegotiateProtocolVersion::parse(&bytes);
        }

        #[test]
        fn a_startup_packet_is_read_as_it_was_written(
            parameters in vec(("[^\0]{1,8}", "[^\0]{0,8}"), 0..6), minor in any::<u16>(),
        ) {
            let borrowed: Vec<_> = parameters.iter().map(|(n, v)| (&**n, &**v)).collect();
            let mut out = Vec::new();
            request::startup(&mut out, &borrowed, minor);
            let read = startup::Startup::parse(&out[4..]).unwrap();
            prop_assert_eq!(read, startup::Startup::Hello(startup::Hello { minor, parameters }));
        }
    }
}
