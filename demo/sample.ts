/** The sample payload of the API's documentation, to the letter. */
export const sample = {
	cloud_id: "dev",
	cloud_sid: "XXXXXXXX",
	auth_token: "your_auth_token",
	record: false,
	flow: [
		{
			id: "0",
			type: "call",
			number: "917507161643",
			caller_id: "917507161643",
			next_step: 1,
		},
		{
			id: 1,
			type: "play",
			text: "Hi, Welcome to Samespace. Press 1 for apples or press 2 for oranges.",
			next_step: 2,
		},
		{
			id: 2,
			type: "digits",
			count: 4,
			flow: { "*": 5 },
			variable: "account_id",
		},
		{
			id: 10,
			type: "callback",
			date: "2018-10-11",
			time: "20:48:00",
			timezone: "UTC",
			entity: 5263,
			next_step: 4,
		},
		{
			id: 5,
			type: "http",
			url: "https://in01c005d.samespace.com/api/test/{{account_id}}",
			flow: { success: 10, fail: 4 },
		},
		{
			id: 3,
			type: "connect",
			number: "16468107000",
			caller_id: "12345678",
		},
		{
			id: 4,
			type: "connect",
			number: "5263",
			caller_id: "917507161643",
		},
	],
};
