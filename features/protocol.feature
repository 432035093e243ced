Feature: The first packets, sound and hostile

  Background:
    Given PostgreSQL with the user alice
    And a pooler

  @portable
  Scenario: Bytes behind an SSLRequest are refused
    When alice dials
    And alice asks for TLS and sends "hello, I came before the handshake" in the same packet
    Then alice cannot go on over TLS
    When alice connects
    Then alice runs "select 1"

  Scenario: GSS encryption is declined, and the client goes on
    When alice dials
    And alice asks for GSS encryption
    Then alice is answered with the byte "N"
    When alice logs in on that connection
    Then alice runs "select 1" and gets "1"

  @portable
  Scenario: A newer minor version and unknown options are negotiated once
    When alice dials
    And alice starts up with protocol 3.9999
      | user          | :alice |
      | database      | :app   |
      | _pq_.surprise | 1      |
    Then alice receives
      | NegotiateProtocolVersion 3.* _pq_.surprise |
      | AuthenticationSASL                         |

  @portable
  Scenario: Another major version is not supported
    When alice dials
    And alice starts up with protocol 4.0
      | user | :alice |
    Then alice is disconnected; fails with SQLSTATE 0A000

  @portable
  Scenario: A startup packet that is too long is not read
    When alice dials
    And alice starts up with a packet of 20000 bytes
    Then alice is cut off
    When alice connects
    Then alice runs "select 1"

  @portable
  Scenario: A startup packet without a user is refused
    When alice dials
    And alice starts up with protocol 3.0
      | database | :app |
    Then alice is disconnected; fails with SQLSTATE 28000

  @portable
  Scenario: One byte a packet is as good as all at once
    When alice connects by wire
    And alice sends byte by byte
      | Parse   |                 | select 'slow' |
      | Bind    |                 |               |
      | Execute |                 |               |
      | Sync    |                 |               |
      | Query   | select 'slower' |               |
    Then alice receives
      | ParseComplete            |
      | BindComplete             |
      | DataRow slow             |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |
      | RowDescription ?column?  |
      | DataRow slower           |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |

  @portable
  Scenario Outline: Garbage, <what>, ends only its own connection
    When alice connects
    And mallory dials
    And mallory sends
      | Bytes | <bytes> |
    Then mallory is cut off
    And alice runs "select 1"

    Examples:
      | what                   | bytes                      |
      | an HTTP request        | 474554202f20485454502f     |
      | a length of nothing    | 00000000                   |
      | a startup without ends | 0000000c 00030000 75736572 |

  Scenario Outline: A startup packet with <what> gets 08P01
    When alice dials
    And alice sends
      | Bytes | <bytes> |
    Then alice is disconnected; fails with SQLSTATE 08P01

    Examples:
      | what              | bytes                      |
      | a length of 3     | 00000003                   |
      | a length of 1 GB  | 40000000                   |
      | a text not ended  | 0000000c 00030000 75736572 |

  Scenario: A message that makes no sense ends its connection with 08P01
    When alice connects by wire
    And alice#2 connects
    And alice sends
      | Bytes | 7f 00000004 |
    Then alice is disconnected; fails with SQLSTATE 08P01
    And alice#2 runs "select 1"

  Scenario: Direct TLS needs its ALPN
    When alice dials
    And alice begins TLS directly with ALPN "postgresql"
    And alice logs in on that connection
    Then alice runs "select 1" and gets "1"
