//! Scripts of a conversation, one line a case.
//!
//! `>P` the client sends Parse (tag letters as on the wire), `=P` the pooler does; `<1` the server's
//! reply goes to the client, `~1` to the pooler; `<ZI` ReadyForQuery idle; `!1` the reply is refused;
//! `?CS` the pooler's probe is Close and Sync; `over`, `open`, `sure` (no probe is wanted), `struck=2` and
//! what becomes of a Query (`now`, `later`, `never`, `refused`) are asserted on the spot.

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
        (b'?', _) => {
            let sent = turn.take_probe().iter().map(|message| match message {
                Message::Close => 'C',
                _ => 'S',
            });
            assert_eq!(sent.collect::<String>(), word[1..], "{at}: {turn:?}");
        }
        _ if word == "sure" => assert!(!turn.probe_wanted(), "{at}: {turn:?}"),
        _ if admission(word).is_some() => {
            let admitted = turn.admission(Message::Query);
            assert_eq!(Some(admitted), admission(word), "{at}: {turn:?}");
        }
        _ => {
            let n: usize = word.strip_prefix("struck=").expect(at).parse().expect(at);
            assert_eq!(turn.take_struck().count(), n, "{at}");
        }
    }
}

fn admission(word: &str) -> Option<Admission> {
    Some(match word {
        "now" => Admission::Now,
        "never" => Admission::Never,
        "later" => Admission::Later,
        "refused" => Admission::Refused("unexpected message during COPY from stdin"),
        _ => return None,
    })
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
        // two ends of one COPY
        ">Q <G >c >c <C <ZI over",
        ">Q >d >c >c <E <ZI over",
    ] {
        run(script);
    }
}

#[test]
fn what_a_failed_copy_ate_is_probed() {
    for script in [
        // the Sync was eaten: the probe's own ends the skipping, and we skip in the server's place
        ">B >E >S <2 <G >d <E ?SCS ~ZI ~3 ~ZI never open >S <ZI over",
        // it is answered: the COPY failed before it read anything
        ">B >E >S <2 <G <E <ZI over",
        ">B >E >S <2 <G <E ?SCS ~ZI <ZI ~3 ~ZI over",
        // a Sync behind the end of the data is answered in any case, the one ahead of it perhaps
        ">B >E >S <2 <G >d >c >S <E <ZI ?CS <ZI ~3 ~ZI over",
        ">B >E >S <2 <G >d >c >S <E <ZI ?CS ~3 ~ZI over",
        // begun by a Query it is the same, and what follows is answered
        ">Q <G >S >d <E <ZI ?CS ~3 ~ZI over",
        ">Q <G >S >d <E >d <ZI ?CS ~3 ~ZI over",
        ">Q <G >S >d >c >Q <E <ZI sure <C <ZI over",
        // the Sync was eaten, and what comes then fails
        ">Q <G >S >d >c >P >B >S <E <ZI sure <E struck=3 <ZI over",
        // of two Syncs in a row the second one is answered
        ">Q <G >S >d >c >S >Q <E <ZI <ZI sure <C <ZI over",
        // a COPY that was not fed ends with what is pipelined behind its Sync
        ">B >E >S >Q <2 <G <E <ZI <C <ZI over",
    ] {
        run(script);
    }
}

#[test]
fn the_client_waits_where_a_copy_decides_what_its_message_means() {
    for script in [
        ">B >E >S >d >c later <2 <G later <C now >P >B >E >S <1 <2 <C <ZI over",
        ">B >E >S >d >c later <2 <G <E later ?SCS later ~ZI <ZI ~3 ~ZI now over",
        ">B >E >S >d >c later <2 <C now <ZI over",
        // a Sync behind the end of the data decides it
        ">B >E >S >d >c >S now",
        // data without an end, then something else: that is no COPY
        ">B >E >S >d later <2 <G refused",
        // an end of something earlier is not that of these data
        ">Q >d >c >E >S >d >c later <G <C <ZI later",
        // without a Sync nothing is in doubt
        ">B >E >d >c now >Q >d >c now",
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
fn the_client_waits_at_a_full_queue() {
    let mut turn = Turn::<u32>::default();
    for n in 0..MAX_OWED {
        assert_eq!(turn.admission(Message::Sync), Admission::Now, "at {n}");
        send(&mut turn, b'S', Owner::Client);
    }
    assert_eq!(turn.admission(Message::Sync), Admission::Later);
}

#[test]
fn a_copy_that_is_never_fed_is_refused_where_the_queue_is_full() {
    let mut turn = Turn::<u32>::default();
    send(&mut turn, b'Q', Owner::Client);
    assert!(turn.received(tags::COPY_IN, None).is_ok());
    for _ in 1..MAX_OWED {
        send(&mut turn, b'S', Owner::Client);
    }
    let refused = Admission::Refused("too many messages during COPY from stdin");
    assert_eq!(turn.admission(Message::CopyEnd), refused);
}

proptest::proptest! {
    /// No order of messages from both sides panics, nor does the probe.
    #[test]
    fn any_order_is_survived(steps in proptest::collection::vec((0_u8..4, 0_usize..19), 0..200)) {
        const SENT: &[u8] = b"QFPBDECSHdcf";
        const GOT: &[u8] = b"123tTnDCIsVGHdcEZNK";
        let mut turn = Turn::<u32>::default();
        for (who, which) in steps {
            match who {
                0 => send(&mut turn, SENT[which % SENT.len()], Owner::Client),
                1 => send(&mut turn, SENT[which % SENT.len()], Owner::Ours),
                2 => { turn.take_probe(); }
                _ => { let _ = turn.received(GOT[which], Some(TxStatus::Idle)); }
            }
            let _ = turn.admission(Message::Parse);
        }
    }
}
