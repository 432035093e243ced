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
