Feature: Configuration files that are refused
  All problems at once, with their places.

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
