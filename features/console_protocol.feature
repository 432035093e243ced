@console
Feature: The admin console speaks the extended protocol
  As PostgreSQL does, so that every driver can ask it.

  Background:
    Given PostgreSQL with the user alice
    And a pooler

  Scenario: An error comes at once, and everything up to Sync is skipped
    When admin connects to the console
    And admin sends
      | Parse |  | nonsense |
      | Flush |  |          |
    Then admin receives
      | ErrorResponse 08P01 |
    When admin sends
      | Parse |              | show version |
      | Query | show version |              |
      | Sync  |              |              |
    Then admin receives
      | ReadyForQuery I |
    When admin sends
      | Parse |  | show version |
      | Flush |  |              |
    Then admin receives
      | ParseComplete |

  Scenario: A statement is described, bound and executed
    When admin connects to the console
    And admin sends
      | Parse             | s | show version |
      | DescribeStatement | s |              |
      | Bind              | s |              |
      | DescribePortal    |   |              |
      | Execute           |   |              |
      | Sync              |   |              |
    Then admin receives
      | ParseComplete          |
      | ParameterDescription 0 |
      | RowDescription version |
      | BindComplete           |
      | RowDescription version |
      | DataRow PgBouncer*     |
      | CommandComplete SHOW   |
      | ReadyForQuery I        |

  Scenario: Formats that do not fit the columns, and such as there are none of
    When admin connects to the console
    And admin sends
      | Parse   |                                                 | show internals |
      | Bytes   | 42 00000012 00 00 0000 0000 0003 0000 0000 0000 |                |
      | Sync    |                                                 |                |
      | Parse   |                                                 | show internals |
      | Bytes   | 42 0000000e 00 00 0000 0000 0001 0007           |                |
      | Execute |                                                 |                |
      | Sync    |                                                 |                |
    Then admin receives
      | ParseComplete       |
      | ErrorResponse 08P01 |
      | ReadyForQuery I     |
      | ParseComplete       |
      | BindComplete        |
      | ErrorResponse 22023 |
      | ReadyForQuery I     |
