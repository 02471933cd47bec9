//! Who signs in, from where and with what, in the generated org.

use super::json::Json;
use super::org_objects;
use super::rng::Rng;

/// People in the org: enough that detections see both regulars and strangers.
const PEOPLE: u64 = 4_000;

/// The first of them are administrators.
const ADMINS: u64 = 12;

const GIVEN: [&str; 16] = [
    "Zoë",
    "Anneliese",
    "Łukasz",
    "Priya",
    "José",
    "Siobhán",
    "Tomoko",
    "David",
    "Ngọc Anh",
    "Fatima",
    "Søren",
    "Grace",
    "Oluwaseun",
    "Charlotte",
    "İbrahim",
    "李娜",
];
const FAMILY: [&str; 14] = [
    "Müller",
    "O'Connor",
    "Wiśniewski",
    "Raghunathan",
    "García Márquez",
    "Whitfield",
    "Sørensen",
    "Nakamura",
    "Adeyemi",
    "Nguyễn",
    "d'Aubigné",
    "van den Berg",
    "Haddad",
    "Þórsdóttir",
];
const LOGIN: [&str; 16] = [
    "zoe",
    "anneliese",
    "lukasz",
    "priya",
    "jose",
    "siobhan",
    "tomoko",
    "david",
    "ngocanh",
    "fatima",
    "soren",
    "grace",
    "oluwaseun",
    "charlotte",
    "ibrahim",
    "lina",
];

/// One user of the org, the same in every event that mentions the number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person(u64);

impl Person {
    /// Some are seen all day, most now and then.
    pub(super) fn of(rng: &mut Rng) -> Self {
        Self(rng.below(PEOPLE).min(rng.below(PEOPLE)))
    }

    pub(super) fn admin(rng: &mut Rng) -> Self {
        Self(rng.below(ADMINS))
    }

    pub(super) fn number(self) -> u64 {
        self.0
    }

    /// What stays the same about how this person works.
    pub(super) fn habits(self) -> Rng {
        Rng::new(0x6861_6269_7473, self.0)
    }

    fn traits(self) -> Rng {
        Rng::new(0x7065_6f70_6c65, self.0)
    }

    pub(super) fn id(self, json: &mut Json<'_>) {
        json.raw("\"");
        org_objects::id("00u", self.0, json);
        json.raw("\"");
    }

    pub(super) fn login(self, json: &mut Json<'_>) {
        let given = self.traits().word(&LOGIN);
        json.raw("\"")
            .raw(given)
            .raw(".")
            .number(self.0)
            .raw("@northwind-trading.example\"");
    }

    pub(super) fn display_name(self, json: &mut Json<'_>) {
        let mut rng = self.traits();
        let given = rng.word(&GIVEN);
        json.raw("\"")
            .raw(given)
            .raw(" ")
            .raw(rng.word(&FAMILY))
            .raw("\"");
    }

    pub(super) fn host_name(self, json: &mut Json<'_>) {
        json.raw("MBP-")
            .raw(self.traits().word(&LOGIN))
            .raw("-")
            .number(self.0);
    }

    /// `"id":…,"type":"User","alternateId":…,"displayName":…`
    pub(super) fn members(self, json: &mut Json<'_>) {
        json.raw("\"id\":");
        self.id(json);
        json.raw(",\"type\":\"User\",\"alternateId\":");
        self.login(json);
        json.raw(",\"displayName\":");
        self.display_name(json);
    }
}

/// A city with the network that people reach Okta through; numbers as Okta writes them.
#[derive(Debug)]
pub(super) struct Place {
    city: &'static str,
    state: Option<&'static str>,
    pub(super) country: &'static str,
    postal_code: Option<&'static str>,
    lat: &'static str,
    lon: &'static str,
    pub(super) as_number: u64,
    pub(super) as_org: &'static str,
    pub(super) domain: &'static str,
    network: [u8; 2],
}

impl Place {
    /// An address of this place's network.
    pub(super) fn address(&self, rng: &mut Rng, json: &mut Json<'_>) {
        let [first, second] = self.network;
        json.raw("\"")
            .number(u64::from(first))
            .raw(".")
            .number(u64::from(second));
        json.raw(".")
            .number(rng.below(256))
            .raw(".")
            .number(1 + rng.below(254))
            .raw("\"");
    }

    pub(super) fn geographical_context(&self, json: &mut Json<'_>) {
        json.raw("{\"city\":")
            .text(self.city)
            .raw(",\"state\":")
            .text_or_null(self.state);
        json.raw(",\"country\":").text(self.country);
        json.raw(",\"postalCode\":").text_or_null(self.postal_code);
        json.raw(",\"geolocation\":{\"lat\":")
            .raw(self.lat)
            .raw(",\"lon\":")
            .raw(self.lon);
        json.raw("}}");
    }
}

const fn place(
    [city, country, lat, lon]: [&'static str; 4],
    state: Option<&'static str>,
    postal_code: Option<&'static str>,
    (as_number, as_org, domain): (u64, &'static str, &'static str),
    network: [u8; 2],
) -> Place {
    Place {
        city,
        state,
        country,
        postal_code,
        lat,
        lon,
        as_number,
        as_org,
        domain,
        network,
    }
}

#[rustfmt::skip] // one place a line
pub(super) static PLACES: [Place; 8] = [
    place(["Köln", "Germany", "50.9333", "6.95"], Some("North Rhine-Westphalia"), Some("50667"), (3320, "deutsche telekom ag", "t-ipconnect.de"), [84, 170]),
    place(["São Paulo", "Brazil", "-23.5475", "-46.6361"], Some("São Paulo"), Some("01000"), (26599, "telefonica brasil s.a", "vivozap.com.br"), [177, 26]),
    place(["Columbus", "United States", "39.9653", "-83.0235"], Some("Ohio"), Some("43215"), (10796, "charter communications inc", "rr.com"), [65, 24]),
    place(["Singapore", "Singapore", "1.2929", "103.8547"], None, None, (4657, "starhub ltd", "starhub.net.sg"), [116, 88]),
    place(["Kraków", "Poland", "50.0833", "19.9167"], Some("Lesser Poland"), Some("30-001"), (5617, "orange polska s.a.", "neoplus.adsl.tpnet.pl"), [83, 6]),
    place(["Tokyo", "Japan", "35.6895", "139.6917"], Some("Tokyo"), Some("102-0082"), (2516, "kddi corporation", "dion.ne.jp"), [106, 156]),
    place(["Reykjavík", "Iceland", "64.1355", "-21.8954"], None, Some("101"), (44515, "hringdu ehf", "."), [46, 22]),
    place(["Ashburn", "United States", "39.0438", "-77.4874"], Some("Virginia"), Some("20147"), (14618, "amazon.com inc.", "amazonaws.com"), [54, 80]),
];

/// A browser, and how Okta classifies it.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) raw: &'static str,
    pub(super) os: &'static str,
    pub(super) browser: &'static str,
    pub(super) device: &'static str,
    /// What a registered device that it runs on says of itself: platform and version.
    pub(super) platform: Option<[&'static str; 2]>,
}

/// What people work with every day, and what they also have.
#[rustfmt::skip] // one browser a line
pub(super) static AGENTS: ([Agent; 4], [Agent; 3]) = ([
    Agent { raw: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", os: "Windows 11", browser: "EDGE", device: "Computer", platform: Some(["WINDOWS", "10.0.26100.6899"]) },
    Agent { raw: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", os: "Mac OS X", browser: "CHROME", device: "Computer", platform: Some(["OSX", "16.1.0"]) },
    Agent { raw: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36", os: "Windows 11", browser: "CHROME", device: "Computer", platform: Some(["WINDOWS", "10.0.22631.5335"]) },
    Agent { raw: "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", os: "Linux", browser: "FIREFOX", device: "Computer", platform: None },
], [
    Agent { raw: "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.1 Mobile/15E148 Safari/604.1", os: "iOS (iPhone)", browser: "SAFARI", device: "Mobile", platform: Some(["IOS", "19.1"]) },
    Agent { raw: "D2DD7D3915.com.okta.android.auth/8.21.0 DeviceSDK/1.4.2 Android/15 google/Pixel 9", os: "Android 15", browser: "UNKNOWN", device: "Mobile", platform: Some(["ANDROID", "15"]) },
    Agent { raw: "python-requests/2.32.5", os: "Unknown", browser: "UNKNOWN", device: "Unknown", platform: None },
]);
