Feature: Every refusal has its SQLSTATE
  Those that have a feature of their own (28P01, 57P03, 08006, 57P01, 08P01) are only named here.

  Background:
    Given PostgreSQL with the users alice and bob

  @portable
  Scenario: A database that does not exist
    Given a pooler
    When alice connects to "nowhere"; fails with SQLSTATE 3D000 "database "nowhere" does not exist"

  Scenario: PostgreSQL's own refusal keeps its code
    Given a pooler
    When PostgreSQL runs "alter role :alice connection limit 0"
    And alice connects; fails with SQLSTATE 53300
    Then there are no pools

  Scenario: A login that takes too long
    Given a pooler with
      | client_login_timeout | 5s |
    When alice dials
    Then alice is disconnected; fails with SQLSTATE 08P01
    When bob connects
    Then bob runs "select 1" and gets "1"

  Scenario: A server that is lost in a query, never to be used again
    Given a relay before PostgreSQL
    And a pooler with
      | auth_query.pool_size | 1 |
    When alice connects
    And bob connects
    And alice starts "select pg_sleep(30)"
    Then within 5 s PostgreSQL runs 1 query with "pg_sleep"
    When the relay cuts every connection
    Then alice's query ends; fails with SQLSTATE 08006
    And bob runs "select current_user" and gets "bob"
    When alice#2 connects
    Then alice#2 runs "select 1" and gets "1"

  Scenario: Replication is not supported
    Given a pooler
    When alice dials
    And alice starts up with protocol 3.0
      | user        | :alice   |
      | database    | :app     |
      | replication | database |
    Then alice is disconnected; fails with SQLSTATE 0A000

  @portable
  Scenario: A startup parameter that PostgreSQL refuses is refused with its code
    Given a pooler
    When alice connects by wire with DateStyle "nonsense"; fails with SQLSTATE 22023

  @portable
  Scenario: The server of a query is terminated
    Given a pooler
    When alice connects
    And alice starts "select pg_sleep(30)"
    Then within 5 s PostgreSQL runs 1 query with "pg_sleep"
    When every session of alice is terminated
    Then alice's query ends; fails with SQLSTATE 57P01
