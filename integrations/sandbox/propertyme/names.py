"""Words from which the generator makes an Australian agency: places, streets, people, trades."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A suburb with its postcode, position and council."""

    suburb: str
    state: str
    postcode: str
    latitude: float
    longitude: float
    council: str


PLACES = (
    Place("Newtown", "NSW", "2042", -33.8981, 151.1748, "Inner West Council"),
    Place("Marrickville", "NSW", "2204", -33.9111, 151.1553, "Inner West Council"),
    Place("Parramatta", "NSW", "2150", -33.8150, 151.0011, "City of Parramatta"),
    Place("Cabramatta", "NSW", "2166", -33.8950, 150.9370, "Fairfield City Council"),
    Place("Dee Why", "NSW", "2099", -33.7510, 151.2857, "Northern Beaches Council"),
    Place("Wollongong", "NSW", "2500", -34.4278, 150.8931, "Wollongong City Council"),
    Place("Wagga Wagga", "NSW", "2650", -35.1082, 147.3598, "City of Wagga Wagga"),
    Place("Brunswick", "VIC", "3056", -37.7667, 144.9600, "Merri-bek City Council"),
    Place("Footscray", "VIC", "3011", -37.8000, 144.9000, "Maribyrnong City Council"),
    Place("St Kilda", "VIC", "3182", -37.8640, 144.9820, "City of Port Phillip"),
    Place("Preston", "VIC", "3072", -37.7410, 145.0000, "City of Darebin"),
    Place("Geelong West", "VIC", "3218", -38.1400, 144.3470, "City of Greater Geelong"),
    Place("Ballarat East", "VIC", "3350", -37.5650, 143.8740, "City of Ballarat"),
    Place("New Farm", "QLD", "4005", -27.4680, 153.0510, "Brisbane City Council"),
    Place("West End", "QLD", "4101", -27.4810, 153.0080, "Brisbane City Council"),
    Place("Broadbeach", "QLD", "4218", -28.0270, 153.4310, "City of Gold Coast"),
    Place("Toowoomba City", "QLD", "4350", -27.5610, 151.9530, "Toowoomba Regional Council"),
    Place("Townsville City", "QLD", "4810", -19.2580, 146.8180, "Townsville City Council"),
    Place("Norwood", "SA", "5067", -34.9210, 138.6310, "City of Norwood Payneham & St Peters"),
    Place("Glenelg", "SA", "5045", -34.9800, 138.5160, "City of Holdfast Bay"),
    Place("Fremantle", "WA", "6160", -32.0560, 115.7470, "City of Fremantle"),
    Place("Subiaco", "WA", "6008", -31.9480, 115.8270, "City of Subiaco"),
    Place("Sandy Bay", "TAS", "7005", -42.8970, 147.3270, "City of Hobart"),
    Place("Braddon", "ACT", "2612", -35.2710, 149.1360, "ACT Revenue Office"),
    Place("Parap", "NT", "0820", -12.4300, 130.8430, "City of Darwin"),
)
WATER = {
    "NSW": "Sydney Water", "VIC": "Greater Western Water", "QLD": "Urban Utilities", "SA": "SA Water",
    "WA": "Water Corporation", "TAS": "TasWater", "ACT": "Icon Water", "NT": "Power and Water Corporation",
}  # fmt: skip
LAND_TAX = {
    "NSW": "Revenue NSW", "VIC": "State Revenue Office Victoria", "QLD": "Queensland Revenue Office", "SA": "RevenueSA",
    "WA": "RevenueWA", "TAS": "State Revenue Office Tasmania", "ACT": "ACT Revenue Office",
    "NT": "Territory Revenue Office",
}  # fmt: skip
STREETS = (
    "Acacia Ave", "Banksia St", "Wattle Rd", "King St", "Queen St", "Station St", "Church St", "High St", "Victoria Rd",
    "Albert St", "The Esplanade", "Railway Pde", "Jacaranda Cres", "O'Connell St", "Gilbert St", "Mary St",
    "Bay View Tce",
    "Old Northern Rd", "Mount Pleasant Rd", "Kookaburra Cl", "Ironbark Dr", "Waratah Pl", "St Georges Tce", "Lygon St",
    "Macquarie St", "Darling St", "Murray Hwy Service Rd", "Upper Heidelberg Rd", "Rathdowne Lane", "Cook Pde",
    "Woolloomooloo Way", "D'Arcy Ct", "McIntyre Ln", "Hope St East", "Little Malop St", "Boundary St", "Warrigal Rd",
)  # fmt: skip
BUILDINGS = ("The Foundry", "Harbour Lights", "Rosella Court", "Palm Grove", "Mill Apartments", "Bellbird Terraces")
FIRST = (
    "Olivia", "Jack", "Charlotte", "Liam", "Matilda", "Lachlan", "Ngọc Anh", "Thị Minh Hạnh", "Quốc Bảo", "Văn Đức",
    "Małgorzata", "Świętosława", "Łukasz", "Zbigniew", "Fatima", "Abdulrahman", "Yusuf", "Layla", "Priya", "Arjun",
    "Siobhán", "Mei-Ling", "Haruka", "José María", "Anaïs", "Tāne", "Mia", "Noah", "Isla", "Angus", "Chloë", "Björn",
)  # fmt: skip
LAST = (
    "Nguyễn", "Trần", "Phạm", "Lê Hoàng", "Wójcik", "Kowalska-Dąbrowska", "Szczepański", "Żeleński", "Al-Khatib",
    "El Masri", "bin Abdullah", "Haddad", "O'Brien", "O'Shaughnessy", "D'Angelo", "McAllister", "Smith", "Jones",
    "Williams", "Taylor", "Singh", "Patel", "Kaur", "Zhang", "Chen", "Tanaka", "Müller", "Papadopoulos",
    "van der Merwe",
    "Fernandez de la Cruz", "Ngata", "St. John", "Wotherspoon-Cholmondeley-Featherstonehaugh",
)  # fmt: skip
ARABIC = (("عبد الرحمن", "الخطيب"), ("ليلى", "حداد"), ("فاطمة", "المصري"))
COMPANIES = (
    "Banksia Family Trust",
    "Southern Cross Holdings Pty Ltd",
    "J & M O'Reilly Superannuation Fund",
    "Wattle Nominees Pty Ltd",
)
# Role of the supplier -> business names. Councils, water and land tax come from the place.
SUPPLIERS: dict[str, tuple[str, ...]] = {
    "insurance": ("Terra Landlord Insurance", "Harbour Underwriting"),
    "strata": ("Keystone Strata Management", "Bright & Body Corporate Services"),
    "advertising": ("rentlist.example Advertising",),
    "cleaning": ("Sparkle & Sons Bond Cleaning",),
    "gardening": ("Greener Pastures Lawn & Garden",),
    "pest": ("Redback Pest Control",),
    "legal": ("Civil Tribunal Registry",),
    "sundry": ("Keys Cut While U Wait",),
    "smoke": ("Alert Smoke Alarm Services",),
    "plumbing": ("Drip Drop Plumbing Pty Ltd", "Nguyễn & Sons Plumbing"),
    "electrical": ("Bright Spark Electrical", "O'Malley Electrics"),
    "handyman": ("Fix-It Phạm Handyman", "Wójcik Carpentry"),
    "appliance": ("Coolabah Appliance Repairs",),
    "roofing": ("High Tops Roofing & Guttering",),
}
# Summary, description, trade, price range in dollars.
JOBS = (
    ("Leaking kitchen tap", "Tap drips constantly, washer looks worn.", "plumbing", 120, 380),
    ("Blocked drain in bathroom", "Shower drains slowly and smells.", "plumbing", 180, 650),
    ("Hot water system not working", "No hot water since last night; pilot light is out.", "plumbing", 260, 1900),
    ("Power point sparking", "Power point in the lounge sparks when used.", "electrical", 140, 420),
    ("Oven not heating", "Oven fan runs but the element stays cold.", "appliance", 160, 780),
    ("Air conditioner leaking", "Split system drips water on the carpet.", "appliance", 190, 640),
    ("Broken window latch", "Latch of the bedroom window does not close.", "handyman", 90, 310),
    ("Fence panel down after storm", "Two panels fell into the neighbour's yard.", "handyman", 240, 1250),
    ("Gutter overflowing", "Gutter above the porch overflows in rain.", "roofing", 180, 890),
    ("Roof tile cracked", "Water stain on the ceiling of bedroom 2.", "roofing", 260, 1400),
    ("Toilet runs on", "Cistern never stops filling.", "plumbing", 110, 290),
    ("Smoke alarm beeping", "Alarm in the hallway beeps every minute.", "electrical", 95, 220),
)
AGENCIES = (
    ("Harbour & Vale Property Management", "HVPM"),
    ("O'Sullivan Nguyễn Realty", "OSNR"),
    ("Southern Light Estates", "SLES"),
    ("Kurrajong Residential", "KURR"),
)
MANAGERS = ("Amelia Hart", "Duy Phan", "Zofia Nowak", "Omar Said", "Grace Tui")
