Feature: What a client leaves behind stays with nobody
  Pool size 1, so the second client gets the first one's server.

  Background:
    Given PostgreSQL with the user alice
    And a pooler with
      | auth_query.pool_size | 1 |

  @portable
  Scenario Outline: <what> is not seen by the next client
    When alice connects
    And alice#2 connects
    And alice runs "<leaves>"
    Then alice#2 runs "<asks>" and gets "<clean>"

    Examples:
      | what                 | leaves                                             | asks                                                        | clean            |
      | A search_path        | set search_path to nowhere                         | select current_schema                                       | public           |
      | A role setting       | set default_transaction_read_only to on            | show default_transaction_read_only                          | off              |
      | A statement time-out | set statement_timeout to 1234                      | show statement_timeout                                      | 0                |
      | A temporary table    | create temp table t (a int)                        | select count(*) from pg_class where relname = 't' and pg_table_is_visible(oid) | 0 |
      | A function's setting | select set_config('work_mem', '1MB', false)        | show work_mem                                               | 4MB              |
      | A prepared statement | prepare p as select 1                              | select count(*) from pg_prepared_statements where name = 'p' | 0               |
      | A cursor with hold   | declare c cursor with hold for select 1            | select count(*) from pg_cursors where name = 'c'             | 0               |

  @portable
  Scenario: An advisory lock of a client that vanished is free within a second
    When alice connects
    And alice runs "select pg_advisory_lock(7)"
    And alice vanishes
    And alice#2 connects
    Then within 2 s alice#2 runs "select pg_try_advisory_xact_lock(7)" and gets "t"

  Scenario: A LISTEN does not survive its turn
    When alice connects
    And alice runs "listen news"
    And alice#2 connects
    And alice#2 runs "notify news, 'extra'"
    Then alice#2 has heard nothing
    And alice#2 runs "select count(*) from pg_listening_channels()" and gets "0"

  @portable
  Scenario: A transaction left open by a client that vanished is rolled back
    When PostgreSQL runs "create table t (a int); grant all on t to public"
    And alice connects
    And alice runs "begin; insert into t values (1)"
    And alice vanishes
    And alice#2 connects
    Then within 2 s alice#2 runs "select count(*) from t" and gets "0"

  @portable
  Scenario: Reported parameters follow the client
    When alice connects
    And alice#2 connects with application_name "second"
    And alice runs "set DateStyle to 'German'; set TimeZone to 'Asia/Tokyo'"
    Then the clients get
      | alice#2 | show TimeZone          | UTC         |
      | alice#2 | show application_name  | second      |
      | alice   | show DateStyle         | German, DMY |
      | alice   | show TimeZone          | Asia/Tokyo  |
