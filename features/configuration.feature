Feature: Configuration files
  A good one is good in any of its shapes; a bad one is refused with all its problems at once.

  Scenario: A good file
    Given the configuration file good.toml
      """
      [general]
      admin_username = "admin"
      admin_password = "admin"

      [pools.app]
      server_host = "127.0.0.1"

      [pools.app.auth_query]
      query = "SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1"
      user = "auth"
      password = "auth_pw"
      """
    When pgturnstile is run with "-t good.toml"
    Then it exits with 0
    And its stdout has exactly the lines with
      | syntax is ok       |
      | test is successful |

  Scenario: The same in YAML, its users as a numbered table
    Given the configuration file good.yaml
      """
      general:
        admin_username: "admin"
        admin_password: "admin"
      pools:
        app:
          server_host: "127.0.0.1"
          users:
            "0": { username: "batch", password: "batch_pw", pool_size: 4 }
      """
    When pgturnstile is run with "-t good.yaml"
    Then it exits with 0

  Scenario Outline: All problems at once, with their places, <how>
    Given the configuration file bad.toml
      """
      [general]
      admin_username = "admin"
      admin_password = "admin"
      idle_timeout = "1h30m"
      idle_timeoutt = "5s"

      [pools.app]
      pool_mode = "session"

      [[pools.app.users]]
      username = "batch"
      password = "batch_pw"
      pool_size = 2
      min_pool_size = 3
      """
    When pgturnstile is run with "<arguments>"
    Then it exits with 78
    And its stderr has exactly the lines with
      | Config parse error: bad.toml:4: | idle_timeout  |
      | Config parse error: bad.toml:5: | idle_timeoutt |
      | Config parse error: bad.toml:8: | pool_mode     |
      | Config parse error: bad.toml:14: | min_pool_size |

    Examples:
      | how       | arguments   |
      | checked   | -t bad.toml |
      | or served | bad.toml    |

  Scenario: A file that is not there, and a word that is no option
    When pgturnstile is run with "-t nowhere.toml"
    Then it exits with 78
    And its stderr has exactly the lines with
      | Config parse error: nowhere.toml |
    When pgturnstile is run with "--nonsense"
    Then it exits with 2

  Scenario: Both -V and -h answer
    When pgturnstile is run with "-V"
    Then it exits with 0
    When pgturnstile is run with "--help"
    Then it exits with 0
