Feature: The first packets, sound and hostile

  Background:
    Given PostgreSQL with the user alice
    And a pooler

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

  Scenario: Direct TLS needs its ALPN
    When alice dials
    And alice begins TLS directly with ALPN "postgresql"
    And alice logs in on that connection
    Then alice runs "select 1" and gets "1"

  Scenario: Direct TLS without ALPN is refused
    When alice dials
    And alice begins TLS directly without ALPN
    Then alice is cut off
