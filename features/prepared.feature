Feature: Prepared statements
  A statement belongs to the client, whichever server serves the turn.

  Background:
    Given PostgreSQL with the user alice

  @portable
  Scenario: A named statement lives as long as its client
    Given a pooler
    When alice connects
    And alice prepares double as "select ($1::text || $1)::text"
    Then alice executes double with "ab" and gets "abab"
    And alice executes double with "x" and gets "xx"

  @portable
  Scenario: Two clients may give one name to two statements
    Given a pooler with
      | auth_query.pool_size | 1 |
    When alice connects by wire
    And alice#2 connects by wire
    And alice sends
      | Parse | s | select 'first' as one |
      | Sync  |   |                       |
    And alice#2 sends
      | Parse | s | select 'second' as two |
      | Sync  |   |                        |
    Then alice receives
      | ParseComplete   |
      | ReadyForQuery I |
    And alice#2 receives
      | ParseComplete   |
      | ReadyForQuery I |
    When alice sends
      | Bind              | s |
      | DescribeStatement | s |
      | Execute           |   |
      | Sync              |   |
    Then alice receives
      | BindComplete             |
      | ParameterDescription 0   |
      | RowDescription one       |
      | DataRow first            |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |
    When alice sends
      | CloseStatement | s |
      | Bind           | s |
      | Sync           |   |
    Then alice receives
      | CloseComplete       |
      | ErrorResponse 26000 |
      | ReadyForQuery I     |

  @portable
  Scenario: A named and an unnamed statement work on a second server
    Given a pooler with
      | auth_query.pool_size | 2 |
    When alice connects by wire
    And alice#2 connects
    And alice sends
      | Parse | s | select 'named'   |
      | Parse |   | select 'unnamed' |
      | Sync  |   |                  |
    Then alice receives
      | 2*ParseComplete |
      | ReadyForQuery I |
    When alice#2 runs "begin"
    And alice sends
      | Bind    | s |
      | Execute |   |
      | Sync    |   |
      | Bind    |   |
      | Execute |   |
      | Sync    |   |
    Then alice receives
      | BindComplete             |
      | DataRow named            |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |
      | BindComplete             |
      | DataRow unnamed          |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |

  Scenario: A failed Parse leaves nothing under its name for others
    Given a pooler with
      | auth_query.pool_size | 1 |
    When alice connects by wire
    And alice#2 connects by wire
    And alice sends
      | Parse | s | selekt |
      | Sync  |   |        |
    Then alice receives
      | ErrorResponse 42601 |
      | ReadyForQuery I     |
    When alice#2 sends
      | Parse   | s | select 1 |
      | Bind    | s |          |
      | Execute |   |          |
      | Sync    |   |          |
    Then alice#2 receives
      | ParseComplete            |
      | BindComplete             |
      | DataRow 1                |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |
