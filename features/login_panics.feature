@auth-query @auth-query-init-race @failpoints
Feature: A panic in the pooler
  Only the client it served loses its connection; nothing is left, and whoever waited goes on.

  Scenario Outline: The login panics <where>, and nobody else is there
    Given PostgreSQL with the user alice
    And a pooler with
      | failpoint.<point> | 1*panic |
    When alice connects; fails without an SQLSTATE
    Then within 2 s the log says "failpoint <point> panic"
    And there are no pools
    When alice connects
    Then alice runs "select current_user" and gets "alice"
    And the pools are
      | user  | clients |
      | alice | 1       |

    Examples:
      | where                       | point                 |
      | after the client's proof    | login_after_proof     |
      | before the pool's probe     | init_before_probe     |
      | after the pool's parameters | init_after_parameters |

  Scenario: The probe panics twice, and is handed on to the third who waits
    Given PostgreSQL with the user alice
    And a pooler with
      | failpoint.init_after_parameters | 1*panic         |
      | failpoint.init_before_probe     | 1*off->1*panic |
    When the console runs "PAUSE"
    And alice begins to connect
    Then within 5 s "SHOW INTERNALS" says
      | pending | 1 |
    When alice#2 begins to connect
    Then within 5 s "SHOW INTERNALS" says
      | joiners | 1 |
    When alice#3 begins to connect
    And alice#4 begins to connect
    Then within 5 s "SHOW INTERNALS" says
      | joiners | 3 |
    When the console runs "RESUME"
    Then alice gets in; fails without an SQLSTATE
    And alice#2 gets in; fails without an SQLSTATE
    And alice#3 gets in
    And alice#4 gets in
    And within 2 s the log says "failpoint init_after_parameters panic"
    And within 2 s the log says "failpoint init_before_probe panic"
    And the pools are
      | user  | clients |
      | alice | 2       |
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created | 1 |
      | pools_committed       | 1 |
      | pools_dropped         | 0 |

  Scenario: A login panics after its proof while another one probes
    Given PostgreSQL with the user alice
    And a pooler with
      | failpoint.login_after_proof | 1*off->1*panic |
    When the console runs "PAUSE"
    And alice begins to connect
    Then within 5 s "SHOW INTERNALS" says
      | pending | 1 |
    When alice#2 connects; fails without an SQLSTATE
    Then within 2 s the log says "failpoint login_after_proof panic"
    When alice#3 begins to connect
    Then within 5 s "SHOW INTERNALS" says
      | pending | 2 |
      | joiners | 1 |
    When the console runs "RESUME"
    Then alice gets in
    And alice#3 gets in

  Scenario Outline: The turn panics <where>: its server is not lent again
    Given PostgreSQL with the user alice
    And a pooler with
      | failpoint.<point>    | 1*panic |
      | auth_query.pool_size | 1       |
    When alice connects
    And alice runs "select 1"; fails without an SQLSTATE
    Then within 2 s the log says "failpoint <point> panic"
    When alice#2 connects
    Then within 5 s alice#2 runs "select 2" and gets "2"
    And the pools are
      | user  | clients |
      | alice | 1       |

    Examples:
      | where              | point       |
      | with its server    | lease_taken |
      | in a reply's midst | turn_mid    |
