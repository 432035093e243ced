Feature: COPY both ways

  Background:
    Given PostgreSQL with the user alice
    And a pooler with
      | auth_query.pool_size | 1 |
    And PostgreSQL runs "create table t (a int, b text); grant all on t to public"

  @portable
  Scenario: Many rows in and out
    When alice connects
    And alice copies 20000 rows into t
    Then alice copies 20000 rows out of t
    And alice runs "select count(*), sum(a) from t" and gets "20000|199990000"

  @portable
  Scenario: A row that does not fit fails the COPY, and the server is good for the next
    When alice connects
    And alice copies 20000 rows with a bad one into t; fails with SQLSTATE 22P02
    Then alice runs "select count(*) from t" and gets "0"
    When alice#2 connects
    Then alice#2 runs "select 1" and gets "1"

  @portable
  Scenario: The same, message by message
    When alice connects by wire
    And alice sends
      | Query    | copy t from stdin |
      | CopyData | 1	one             |
      | CopyDone |                   |
      | Query    | select a, b from t |
    Then alice receives
      | CopyInResponse         |
      | CommandComplete COPY 1 |
      | ReadyForQuery I        |
      | RowDescription a,b     |
      | DataRow 1,one          |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I        |
    When alice sends
      | Query    | copy t from stdin |
      | CopyData | nonsense          |
      | CopyData | 2	two             |
      | CopyDone |                   |
      | Query    | select 1          |
    Then alice receives
      | CopyInResponse           |
      | ErrorResponse 22P02      |
      | ReadyForQuery I          |
      | RowDescription ?column?  |
      | DataRow 1                |
      | CommandComplete SELECT 1 |
      | ReadyForQuery I          |

  @portable
  Scenario: A client that gives up, and one that is killed, leave a good server
    When alice connects by wire
    And alice sends
      | Query    | copy t from stdin |
      | CopyData | 1	one             |
      | CopyFail | enough            |
    Then alice receives
      | CopyInResponse      |
      | ErrorResponse 57014 |
      | ReadyForQuery I     |
    When alice sends
      | Query    | copy t from stdin |
      | CopyData | 1	one             |
    Then alice receives
      | CopyInResponse |
    When alice vanishes
    And alice#2 connects
    Then alice#2 runs "select count(*) from t" and gets "0"

  Scenario: Who streams into a server that ends is told why
    When alice loses its server in the middle of a COPY into t, 3 times
    And alice connects
    Then alice runs "select count(*) from t" and gets "0"
