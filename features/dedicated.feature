@auth-query
Feature: Dedicated mode: one pool for all, and each client still proves itself

  Background:
    Given PostgreSQL with the users alice, bob and owner
    And a pooler with
      | auth_query.server_user     | :owner   |
      | auth_query.server_password | owner_pw |
      | auth_query.pool_size       | 1        |

  Scenario: All work as the owner, on the same server
    When alice connects
    And bob connects
    And alice notes "select pg_backend_pid()" as pid
    Then bob's "select pg_backend_pid()" is the noted pid
    And bob runs "select current_user" and gets "owner"
    And the pools are
      | user  | clients | servers |
      | owner | 2       | 1       |

  Scenario: A wrong password does not get in
    When alice connects with password "owner_pw"; fails with SQLSTATE 28P01
    And nobody connects; fails with SQLSTATE 28P01

  Scenario: What one leaves behind, by a function too, the other never sees
    When alice connects
    And bob connects
    And alice runs "select set_config('search_path', 'nowhere', false)"
    And alice runs "create temp table t (a int)"
    Then the clients get
      | bob | select current_schema                              | public |
      | bob | select count(*) from pg_class where relname = 't'  | 0      |
