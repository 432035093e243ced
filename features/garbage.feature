Feature: Bytes that make no sense
  Only the connection that they came on ends.

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

  @portable
  Scenario: A startup packet that is too long is not read
    When alice dials
    And alice starts up with a packet of 20000 bytes
    Then alice is cut off
    When alice connects
    Then alice runs "select 1"

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
