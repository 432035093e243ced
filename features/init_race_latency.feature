@auth-query @auth-query-init-race
Feature: Concurrent first logins over a slow network
  Toxiproxy's plain latency widens every handshake over several sweeps; no protocol is understood.

  Scenario: Two dynamic users log in for the first time while the sweep runs
    Given PostgreSQL with the users alice and bob
    And a plain fault proxy before PostgreSQL
    And a pooler with
      | retain_connections_time | 200ms |
      | idle_timeout            | 300ms |
      | server_lifetime         | 2s    |
      | connect_timeout         | 20s   |
    When the proxy adds 150 ms of latency
    And alice begins to connect
    And bob begins to connect
    Then alice gets in
    And bob gets in
    And the pools are
      | user  | clients |
      | alice | 1       |
      | bob   | 1       |
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_created   | 2          |
      | pools_committed         | 2          |
      | pools_dropped           | 0          |
      | gc_skipped_initialising | at least 2 |
    And the clients get
      | alice | select current_user | alice |
      | bob   | select current_user | bob   |
    When alice disconnects
    And bob disconnects
    Then within 10 s there are no pools
    And the counters of "SHOW AUTH_QUERY" are
      | dynamic_pools_current | 0 |
      | pools_reaped          | 2 |
