//! Scripts of a conversation, one line a case.
//!
//! `>P` the client sends Parse (tag letters as on the wire), `=P` the pooler does; `<1` the server's
//! reply goes to the client, `~1` to the pooler; `<ZI` ReadyForQuery idle; `!1` the reply is refused;
//! `over`, `open`, `probe`, `struck=2` are asserted on the spot.

use super::*;

fn run(script: &str) {
    let mut turn = Turn::<u32>::default();
    for (at, word) in script.split_whitespace().enumerate() {
        step(
            &mut turn,
            word,
            &format!("`{word}` (word {}) of `{script}`", at + 1),
        );
    }
}

fn step(turn: &mut Turn<u32>, word: &str, at: &str) {
    let bytes = word.as_bytes();
    match (bytes[0], bytes.get(1)) {
        (b'>', Some(&tag)) => send(turn, tag, Owner::Client),
        (b'=', Some(&tag)) => send(turn, tag, Owner::Ours),
        (kind @ (b'<' | b'~' | b'!'), Some(&tag)) => {
            let ready = bytes.get(2).and_then(|&b| TxStatus::from_byte(b).ok());
            let reply = turn.received(tag, ready);
            match kind {
                b'!' => assert_eq!(reply, Err(Unexpected(tag)), "{at}"),
                b'<' => assert_eq!(reply.map(|r| r.to), Ok(Owner::Client), "{at}"),
                _ => assert_eq!(reply.map(|r| r.to), Ok(Owner::Ours), "{at}"),
            }
        }
        _ if word == "over" => assert!(turn.is_over(), "{at}: {turn:?}"),
        _ if word == "open" => assert!(!turn.is_over(), "{at}: {turn:?}"),
        _ if word == "probe" => assert!(turn.probe_wanted(), "{at}: {turn:?}"),
        _ if word == "sure" => assert!(!turn.probe_wanted(), "{at}: {turn:?}"),
        _ => {
            let n: usize = word.strip_prefix("struck=").expect(at).parse().expect(at);
            assert_eq!(turn.take_struck().count(), n, "{at}");
        }
    }
}

fn send(turn: &mut Turn<u32>, tag: u8, owner: Owner) {
    let message = Message::from_tag(tag).expect("a client's tag");
    turn.sent(message, owner, None, Some(u32::from(tag)));
}

#[test]
fn replies_follow_their_questions() {
    for script in [
        ">Q open <T <D <D <C <ZI over",
        ">Q <I <ZI over",
        ">Q <C <ZT open >Q <C <ZI over",
        ">Q <E <ZI over",
        ">P >B >D >E >S <1 <2 <T <D <C open <ZI over",
        ">P >D >S <1 <t <n <ZI over",
        ">B >E >H <2 <D <s open >E >S <D <C <ZI over",
        ">P >H <1 open >S <ZI over",
        ">B >E <2 <C open >Q <C <ZI over",
        ">B >E >S >d >c <2 <G <C open >S <ZI over",
        ">F <V <ZI over",
        ">Q <H <d <d <c <C <ZI over",
        ">Q <S <N <A <C <ZI over",
        // fifty Syncs, here three, with a BEGIN among them
        ">S >Q >S <ZI open <C <ZT open <ZT open >Q <C <ZI over",
        // replies of ours stay with us
        "=P =B =E =S >Q ~1 ~2 ~D ~C ~ZI <C <ZI over",
        ">Q =P >B >E >S <C <ZI ~1 <2 <C <ZI over",
    ] {
        run(script);
    }
}

#[test]
fn after_an_error_everything_up_to_the_sync_is_skipped() {
    for script in [
        ">P >B >E >S <E open struck=3 <ZI over",
        // Query and FunctionCall are skipped too
        ">P >Q >F >S <E struck=3 <ZI over",
        // a second batch behind the Sync is answered
        ">P >S >P >S <E <ZI <1 <ZI over",
        // the Sync comes later
        ">P >H <E open >B struck=2 >E >Q struck=2 open >S open <ZI over",
        // an error while Sync commits
        ">B >E >S <2 <C <E <ZI over",
        // in a transaction
        ">Q <C <ZT >P >S <E <ZE open >Q <C <ZI over",
        // a Parse of ours in a client's batch fails on behalf of the client
        "=P >B >E >S <E struck=3 <ZI over",
        // a batch of ours fails in silence
        "=P =B =E =S >Q ~E ~ZI <C <ZI over",
    ] {
        run(script);
    }
}

#[test]
fn copy_in_eats_sync_and_flush() {
    for script in [
        // libpq's extended COPY: the Sync behind Execute is eaten
        ">P >B >E >S <1 <2 <G >d >d >c >S <C open <ZI over",
        ">Q <G >d >c <C <ZI over",
        ">Q >d >c <G <C <ZI over",
        // eaten: Sync and Flush before the end, also if sent before the response
        ">Q >S >H >d >S >c <G <C <ZI over",
        ">Q <G >d >S >c >S <C <ZI <ZI over",
        // two COPYs in one Query
        ">Q >d >c >d >c <G <C <G <C <ZI over",
        // a pipelined Query behind the end is answered
        ">Q >d >c >Q <G <C <ZI <C <ZI over",
    ] {
        run(script);
    }
}

#[test]
fn copy_messages_outside_a_copy_owe_nothing() {
    for script in [
        ">d >c >f over",
        ">Q <G >d <E >d >d >c <ZI over",
        ">Q <E >d >c <ZI over",
        ">Q <G >f <E <ZI over",
        // sent blindly behind a Query that never became a COPY
        ">Q >d >c >Q <E <ZI <C <ZI over",
        ">B >E <2 <G >d <E >d >c open >S <ZI over",
    ] {
        run(script);
    }
}

#[test]
fn what_a_failed_copy_ate_is_probed() {
    for script in [
        // the Sync was eaten, the one after the failure is answered
        ">B >E >S <2 <G >d <E >d >c open >S <ZI open probe =C =S sure ~3 ~ZI over",
        // both are answered (the COPY failed before it read anything)
        ">B >E >S <2 <G <E >d >c <ZI over >S open <ZI over",
        ">B >E >S <2 <G <E >d >c >S <ZI probe =C =S <ZI ~3 ~ZI over",
        // a simple COPY that fails at a pipelined Query, which is lost with it
        ">Q >Q <G <E open <ZI open probe =C =S ~3 ~ZI over",
        // or that failed before: the Query is answered after all
        ">Q >Q <G <E <ZI probe =C =S <T <D <C <ZI ~3 ~ZI over",
    ] {
        run(script);
    }
}

#[test]
fn unasked_replies_are_refused() {
    for script in [
        "!ZI",
        "!1",
        "!C",
        ">Q <C <ZI !ZI",
        ">Q !1",
        ">P >S !2",
        ">Q !W",
        ">Q <G !ZI",
        ">Q !K",
        ">P >S <1 !C",
    ] {
        run(script);
    }
}

#[test]
fn a_stand_in_shows_another_tag() {
    let mut turn = Turn::<u32>::default();
    turn.sent(
        Message::Close,
        Owner::Client,
        Some(tags::PARSE_COMPLETE),
        Some(7),
    );
    let reply = turn.received(tags::CLOSE_COMPLETE, None).unwrap();
    assert_eq!(reply.show_as, Some(tags::PARSE_COMPLETE));
    assert_eq!(reply.completed, Some(7));
}

#[test]
fn boundaries_are_where_a_server_owes_only_whole_batches() {
    let mut turn = Turn::<u32>::default();
    assert!(turn.at_boundary());
    send(&mut turn, b'P', Owner::Client);
    assert!(!turn.at_boundary());
    send(&mut turn, b'S', Owner::Client);
    assert!(turn.at_boundary());
    send(&mut turn, b'Q', Owner::Client);
    assert!(turn.at_boundary());
}

#[test]
fn the_queue_says_when_it_is_full() {
    let mut turn = Turn::<u32>::default();
    for n in 0..MAX_OWED {
        assert!(!turn.is_full(), "at {n}");
        send(&mut turn, b'S', Owner::Client);
    }
    assert!(turn.is_full());
}

proptest::proptest! {
    /// No order of messages from both sides panics, and slack never exceeds what is queued.
    #[test]
    fn any_order_is_survived(steps in proptest::collection::vec((0_u8..3, 0_usize..18), 0..200)) {
        const SENT: &[u8] = b"QFPBDECSHdcf";
        const GOT: &[u8] = b"123tTnDCIsVGHdcEZN";
        let mut turn = Turn::<u32>::default();
        for (who, which) in steps {
            match who {
                0 => send(&mut turn, SENT[which % SENT.len()], Owner::Client),
                1 => send(&mut turn, SENT[which % SENT.len()], Owner::Ours),
                _ => { let _ = turn.received(GOT[which], Some(TxStatus::Idle)); }
            }
            proptest::prop_assert!(turn.slack <= turn.queue.len());
        }
    }
}
