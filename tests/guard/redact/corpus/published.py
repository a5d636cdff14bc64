"""Texts as other projects test themselves with, a find marked as `<kind:what>`; SOURCES.md says whose.

Kept as published; where a project takes for none of its business what is somebody's by the goals here (CIDR
networks, unspecified addresses, weak SSNs without a word beside them) the text is left out.
"""

from __future__ import annotations

TEXTS = (
    # presidio (MIT), presidio-analyzer/tests/test_ip_recognizer.py
    *(
        "microsoft.com <ip:192.168.0.1>",
        "my ip: 192.168.0",
        "microsoft.com <ip:684D:1111:222:3333:4444:5555:6:77>",
        "684D:1111:222:3333:4444:5555:77",
    ),
    *(
        "<ip:2345:0425:2CA1:0000:0000:0567:5673:23b5>",
        "<ip:2345:0425:2CA1::0567:5673:23b5>",
        "<ip:2400:c401::5054:ff:fe1b:b031>",
        "my ip: <ip:::1>",
    ),
    *(
        "connecting from <ip:::1>",
        "Connect to [<ip:2001:db8::1>]:8080",
        "Gateway: <ip:fe80::1> on interface",
        "Visit http://[<ip:2001:db8::1>]/path",
    ),
    *(
        "SSH to user@<ip:2001:db8::1>",
        "<ip:::ffff:192.0.2.1>",
        "<ip:::ffff:0:192.168.1.1>",
        "Mapped: <ip:::ffff:192.168.1.1>",
        "[<ip:::ffff:192.168.1.1>]:80",
    ),
    *(
        "<ip:2001:db8:85a3::8a2e:192.168.0.1>",
        "<ip:0:0:0:0:0:FFFF:129.144.52.38>",
        "NAT64: <ip:64:ff9b::198.51.100.1>",
        "<ip:2001:db8:0:0:0:0:192.168.1.1>",
    ),
    *(
        "IPv4: <ip:192.168.1.1>, IPv6: <ip:2001:db8::1>",
        "Primary: <ip:10.0.0.1>, Secondary: <ip:172.16.0.1>",
        "MAC address aa:bb:cc:dd:ee:ff",
        "Time 12:34:56",
    ),
    *(
        "Ratio 1:2:3:4",
        "Version 1.2.3",
        "Port 80:443",
        "abc:def:ghi",
        "file:///path/to/file",
        "std::cout",
        "MyClass::toString",
        ":::",
    ),
    *(
        "IP192.168.1.1text",
        "text192.168.1.1",
        "(<ip:192.168.1.1>)",
        "'<ip:2001:db8::1>'",
        "IP: <ip:192.168.1.1>.",
        "<ip:192.168.1.1>,",
        "<ip:2001:db8::1>.",
    ),
    *(
        "fe80::1text",
        "text2001:db8::1",
        "256.256.256.256",
        "192.168.1.256",
        "gggg:hhhh::1234",
        "300.168.1.1",
        "12345:db8::1",
        "2001::db8::1",
    ),
    *(
        "<ip:192.168.2.1>@eth0",
        "localhost <ip:127.0.0.1>",
        "Broadcast <ip:255.255.255.255>",
        "Loopback <ip:::1>",
        "Multicast <ip:ff02::1>",
        "<ip:192.168.1.0/24>",
    ),
    *(
        "Subnet: <ip:192.168.1.0/24>",
        "Prefix: <ip:2001:db8::/32>",
        "Route is <ip:10.0.0.0/8>.",
        "<ip:fe80::1%eth0>",
        "<ip:::1/128>",
        "<ip:10.0.0.0>/123",
    ),
    # presidio (MIT), test_us_ssn_recognizer.py, test_phone_recognizer.py, test_credit_card_recognizer.py
    *(
        "<ssn:078-05-1123>",
        "<ssn:078.05.1123>",
        "<ssn:078 05 1123>",
        "0780511201",
        "000000000",
        "666000000",
        "078-05-0000",
        "078 00 1123",
        "693-09.4444",
    ),
    *(
        "My US number is <phone:(415) 555-0132>, and my international one is <phone:+1 415 555 0132>",
        "My Israeli number is <phone:09-7625400>",
    ),
    *(
        "<card:4012888888881881> <card:4012-8888-8888-1881> <card:4012 8888 8888 1881>",
        "my credit card: <card:122000000000003>",
        "<card:371449635398431>",
    ),
    *(
        "<card:5019717010103742>",
        "<card:30569309025904>",
        "<card:6011000400000000>",
        "<card:3528000700000000>",
        "<card:6759649826438453>",
        "4012-8888-8888-1882",
    ),
    *(
        "my credit card number is 4012-8888-8888-1882",
        "36168002586008",
        "my credit card number is 36168002586008",
    ),
    # presidio (MIT), test_iban_recognizer.py: wrong check digits, lengths and structures
    *(
        "AL47 212A 1009 0000 0002 3569 8741",
        "AD12000A203020035910010",
        "AT61 1904 3002 3457 3202",
        "BH67BMA100001299123456",
        "BY13NBRB3600900000002Z00AB01",
    ),
    *(
        "DE89 3704 0044 0532 0130 01",
        "GB29 NWBK 6016 1331 9268 10",
        "TR33 0006 1005 1978 6457 8413 27",
        "FR14 2004 1010 0505 0001 3M02 607",
        "BE6853900754703",
    ),
    # RFC 3696 and its errata, RFC 5321, RFC 5322
    *(
        "Abc@def@example is none",
        "<email:user+mailbox@example.com>",
        "<email:customer/department=shipping@example.com>",
        "<email:$A12345@example.com>",
    ),
    *(
        "<email:!def!xyz%abc@example.com>",
        "<email:_somename@example.com>",
        '<email:"Abc@def"@example.com>',
        '<email:"Fred Bloggs"@example.com>',
        "Pete <<email:pete@silly.test>>",
    ),
    *(
        "From: John Doe <<email:jdoe@machine.example>>",
        "Mary Smith <<email:mary@example.net>>, <email:jdoe@test.example>",
        "Message-ID is no mail address: 1234 at local.machine",
    ),
)
