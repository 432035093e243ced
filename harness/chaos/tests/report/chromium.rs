//! A real Chromium without a window, driven by its DevTools protocol.
//!
//! The protocol is spoken over descriptors 3 and 4 (`--remote-debugging-pipe`), JSON with a zero byte
//! behind each message: unlike `--dump-dom` and `--window-size` it tells what was fetched and what the
//! console said, and a window can be as narrow as a phone (a headless one ends at 500 px).

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Everything that is asked of a browser has to come within this.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser; it ends when this is dropped.
pub(crate) struct Browser {
    child: Child,
    to: File,
    from: Receiver<Value>,
    last: u64,
    /// What it told unasked.
    events: Vec<Value>,
    _profile: TempDir,
}

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) dark: bool,
}

impl Browser {
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let path = |name: &str| profile.path().join(name);
        let (to, from) = (path("to"), path("from"));
        for pipe in [&to, &from] {
            mkfifo(pipe, Mode::S_IRWXU).expect("a pipe");
        }
        // Open for both, so that neither side waits for the other one to come.
        let open = |pipe| OpenOptions::new().read(true).write(true).open(pipe);
        let (ours, theirs) = (open(&to).expect("a pipe"), open(&from).expect("a pipe"));
        let child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<\"$TO\" 4>\"$FROM\"", "sh"])
            .arg(binary())
            .args(FLAGS)
            .arg(format!("--user-data-dir={}", path("profile").display()))
            .envs([("TO", &to), ("FROM", &from), ("HOME", &path("home"))])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("Chromium starts");
        let mut browser = Self {
            child,
            to: ours,
            from: heard(theirs),
            last: 0,
            events: Vec::new(),
            _profile: profile,
        };
        browser.call(None, "Browser.getVersion", &json!({}));
        browser
    }

    /// Opens a file in a page of its own and waits until all of it is there.
    pub(crate) fn open(&mut self, file: &Path, view: View) -> Page<'_> {
        let made = self.call(None, "Target.createTarget", &json!({"url": "about:blank"}));
        let attach = json!({"targetId": made["targetId"], "flatten": true});
        let attached = self.call(None, "Target.attachToTarget", &attach);
        let session = attached["sessionId"]
            .as_str()
            .expect("a session")
            .to_owned();
        self.events.clear();
        let mut page = Page {
            browser: self,
            session,
        };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            page.call(&format!("{domain}.enable"), &json!({}));
        }
        page.call(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": view.width, "height": view.height, "deviceScaleFactor": 1,
                    "mobile": view.width < 600}),
        );
        let scheme = if view.dark { "dark" } else { "light" };
        page.call(
            "Emulation.setEmulatedMedia",
            &json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]}),
        );
        page.call(
            "Page.navigate",
            &json!({"url": format!("file://{}", file.display())}),
        );
        page.await_load();
        page
    }

    fn call(&mut self, session: Option<&str>, method: &str, params: &Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        write!(self.to, "{message}\0").expect("Chromium listens");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let heard = self.hear(deadline, method);
            if heard["id"] == json!(self.last) {
                assert!(heard["error"].is_null(), "{method}: {}", heard["error"]);
                return heard["result"].clone();
            }
            self.events.push(heard);
        }
    }

    fn hear(&mut self, deadline: Instant, what: &str) -> Value {
        let left = deadline.saturating_duration_since(Instant::now());
        let heard = self.from.recv_timeout(left);
        heard.unwrap_or_else(|_| panic!("{what}: nothing from Chromium within {PATIENCE:?}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its helpers end with it. It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An open page.
pub(crate) struct Page<'a> {
    browser: &'a mut Browser,
    session: String,
}

impl Page<'_> {
    /// What an expression is worth.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true});
        let told = self.call("Runtime.evaluate", &params);
        let thrown = &told["exceptionDetails"];
        assert!(thrown.is_null(), "{expression}: {thrown}");
        told["result"]["value"].clone()
    }

    /// Moves the pointer there.
    pub(crate) fn point_at(&mut self, x: f64, y: f64) {
        let params = json!({"type": "mouseMoved", "x": x, "y": y});
        self.call("Input.dispatchMouseEvent", &params);
    }

    /// Addresses that were asked for.
    pub(crate) fn fetched(&self) -> Vec<String> {
        let asked = |event: &&Value| event["method"] == "Network.requestWillBeSent";
        let events = self.browser.events.iter().filter(asked);
        let url = |event: &Value| {
            event["params"]["request"]["url"]
                .as_str()
                .map(str::to_owned)
        };
        events.filter_map(url).collect()
    }

    /// What the console shows in red, the page's policy included.
    pub(crate) fn errors(&self) -> Vec<String> {
        let bad = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Runtime.consoleAPICalled") => event["params"]["type"] == "error",
            Some("Log.entryAdded") => event["params"]["entry"]["level"] == "error",
            _ => false,
        };
        let events = self.browser.events.iter().filter(bad);
        events.map(|event| event["params"].to_string()).collect()
    }

    /// A picture of the whole page, as PNG in base64.
    pub(crate) fn picture(&mut self) -> String {
        let size = self.evaluate("[innerWidth, document.documentElement.scrollHeight]");
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1});
        let params = json!({"captureBeyondViewport": true, "clip": clip});
        let told = self.call("Page.captureScreenshot", &params);
        told["data"].as_str().expect("a picture").to_owned()
    }

    fn await_load(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        let loaded = |event: &Value| event["method"] == "Page.loadEventFired";
        while !self.browser.events.iter().any(loaded) {
            let heard = self.browser.hear(deadline, "loading");
            self.browser.events.push(heard);
        }
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.browser.call(Some(&self.session), method, params)
    }
}

/// `--no-sandbox`: root has none, and the page is our own.
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

fn binary() -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let names = ["chromium", "google-chrome"];
    let mut candidates = env::split_paths(&path).flat_map(|dir| names.map(|name| dir.join(name)));
    candidates.find(|file| file.is_file()).expect(
        "Chromium is missing, which opens report.html: \
         sudo apt-get install --no-install-recommends chromium",
    )
}

/// What comes through the pipe, message by message.
fn heard(pipe: File) -> Receiver<Value> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for message in BufReader::new(pipe).split(0).map_while(Result::ok) {
            let heard = serde_json::from_slice(&message);
            if heard.is_ok_and(|heard| sender.send(heard).is_err()) {
                return;
            }
        }
    });
    receiver
}
