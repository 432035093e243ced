Feature: Clients that are killed
  Their servers, locks and transactions are free within a second or two, and nobody gets their rows.

  Background:
    Given PostgreSQL with the user alice
    And a pooler with
      | auth_query.pool_size | 1 |

  @portable
  Scenario Outline: <how> in the middle of a result
    When alice connects by wire
    And alice starts "select g, repeat('x', 10000) from generate_series(1, 100000) g"
    Then alice receives
      | RowDescription g,repeat |
    When alice <goes>
    And alice#2 connects
    Then within 5 s alice#2 runs "select 'mine'" and gets "mine"
    And within 2 s PostgreSQL runs 0 queries with "generate_series"

    Examples:
      | how        | goes                  |
      | A reset    | resets the connection |
      | A plain end | vanishes             |

  Scenario: A long query of a client that is gone does not keep the server
    When alice connects by wire
    And alice starts "select pg_sleep(60)"
    Then within 5 s PostgreSQL runs 1 query with "pg_sleep"
    When alice resets the connection
    Then within 3 s PostgreSQL runs 0 queries with "pg_sleep"
    When alice#2 connects
    Then alice#2 runs "select 1" and gets "1"

  Scenario: Parse and Bind without Sync, then gone
    When alice connects by wire
    And alice sends
      | Parse | s | select 1 |
      | Bind  | s |          |
      | Flush |   |          |
    Then alice receives
      | ParseComplete |
      | BindComplete  |
    When alice resets the connection
    And alice#2 connects
    Then alice#2 runs "select 1" and gets "1"

  Scenario: Gone while it waits for a server
    When alice connects
    And alice#2 connects by wire
    And alice runs "begin"
    And alice#2 starts "select 1"
    Then within 2 s the pools are
      | user  | waiting |
      | alice | 1       |
    When alice#2 resets the connection
    Then within 2 s the pools are
      | user  | waiting | clients |
      | alice | 0       | 1       |
    And alice runs "commit"
