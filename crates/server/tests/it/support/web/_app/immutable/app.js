console.log('the app');
